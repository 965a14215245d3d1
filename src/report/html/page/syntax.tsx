/** How x86 is written. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { Choice } from './choice.tsx';
import { keep, kept } from './kept.ts';

const SYNTAXES = ['att', 'intel'] as const;
export type Syntax = (typeof SYNTAXES)[number];

/** The syntax, and what changes it; both are kept. */
export function useSyntax(): [Syntax, (syntax: Syntax) => void] {
  const [syntax, setSyntax] = useState<Syntax>(() => kept('syntax', SYNTAXES));
  useLayoutEffect(() => keep('syntax', syntax), [syntax]);
  return [syntax, setSyntax];
}

interface SyntaxChoiceProps {
  readonly value: Syntax;
  readonly onChange: (syntax: Syntax) => void;
}

export function SyntaxChoice({ value, onChange }: SyntaxChoiceProps) {
  return (
    <Choice
      label="x86 syntax"
      name="syntax"
      options={SYNTAXES}
      words={{ att: 'AT&T', intel: 'Intel' }}
      value={value}
      onChange={onChange}
    />
  );
}
