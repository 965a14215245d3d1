/** Light, dark, or as the system has it. Colours follow `color-scheme` (style/colors.css). */
import { useLayoutEffect, useState } from 'preact/hooks';
import { Choice } from './choice.tsx';
import { keep, kept } from './kept.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

const SCHEMES: Readonly<Record<Theme, string>> = { auto: 'light dark', light: 'light', dark: 'dark' };

export function ThemeChoice() {
  const [theme, setTheme] = useState<Theme>(() => kept('theme', THEMES));
  useLayoutEffect(() => {
    document.documentElement.style.colorScheme = SCHEMES[theme];
    keep('theme', theme);
  }, [theme]);
  return <Choice label="Theme" name="theme" options={THEMES} value={theme} onChange={setTheme} />;
}
