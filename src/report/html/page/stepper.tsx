/** The bar that moves through the steps. */

interface StepperProps {
  /** From 0. */
  readonly step: number;
  readonly steps: number;
  /** Steps before the first one here. */
  readonly skipped: number;
  /** Where the sides first differ. */
  readonly difference: number | undefined;
  /** Cells that differ at this step. */
  readonly differences: number;
  readonly onStep: (step: number) => void;
}

export function Stepper({ step, steps, skipped, difference, differences, onStep }: StepperProps) {
  const last = steps - 1;
  return (
    <fieldset class="stepper">
      <legend class="unseen">Steps</legend>
      <Button words="First step" keys="Home" text="⇤" isOff={step === 0} onPress={() => onStep(0)} />
      <Button words="Step back" keys="← or k" text="←" isOff={step === 0} onPress={() => onStep(step - 1)} />
      <Slider {...{ step, last, skipped, difference, onStep }} />
      <Button
        words="Step forward"
        keys="→ or j"
        text="→"
        isOff={step === last}
        onPress={() => onStep(step + 1)}
      />
      <Button words="Last step" keys="End" text="⇥" isOff={step === last} onPress={() => onStep(last)} />
      <output class="count" style={{ '--digits': (skipped + steps).toLocaleString('en').length }}>
        step <b>{(skipped + step + 1).toLocaleString('en')}</b> of {(skipped + steps).toLocaleString('en')}
        {differences > 0 && (
          <span class="differs">
            ≠ {differences.toLocaleString('en')}
            <span class="word">{differences === 1 ? ' difference' : ' differences'}</span>
          </span>
        )}
      </output>
      {difference !== undefined && (
        <button
          type="button"
          class="difference"
          disabled={step === difference}
          title="d"
          onClick={() => onStep(difference)}
        >
          <span aria-hidden="true">≠</span> First difference
        </button>
      )}
    </fieldset>
  );
}

interface ButtonProps {
  readonly words: string;
  readonly keys: string;
  readonly text: string;
  readonly isOff: boolean;
  readonly onPress: () => void;
}

/** Stays focusable at the ends, so that the keyboard does not lose its place. */
function Button({ words, keys, text, isOff, onPress }: ButtonProps) {
  return (
    <button
      type="button"
      aria-label={words}
      title={`${words} (${keys})`}
      aria-disabled={isOff}
      onClick={() => isOff || onPress()}
    >
      {text}
    </button>
  );
}

type SliderProps = Omit<StepperProps, 'steps' | 'differences'> & { readonly last: number };

function Slider({ step, last, skipped, difference, onStep }: SliderProps) {
  return (
    <span class="slider">
      {difference !== undefined && (
        <span class="tick" style={{ '--at': difference / Math.max(1, last) }} aria-hidden="true" />
      )}
      <input
        type="range"
        min={0}
        max={last}
        value={step}
        aria-label="Step"
        aria-valuetext={`step ${skipped + step + 1} of ${skipped + last + 1}`}
        onInput={({ currentTarget }) => onStep(Number(currentTarget.value))}
      />
    </span>
  );
}
