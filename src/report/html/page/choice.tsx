/** A few options of which one holds, side by side: radio buttons, so arrow keys and names come with them. */

interface ChoiceProps<T extends string> {
  readonly label: string;
  /** Of the group, unique in the page. */
  readonly name: string;
  readonly options: readonly T[];
  readonly value: T;
  /** Shown instead of an option. */
  readonly words?: Readonly<Record<T, string>>;
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, name, options, value, words, onChange }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            value={option}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          <span>{words?.[option] ?? option}</span>
        </label>
      ))}
    </fieldset>
  );
}
