/** Sorting numbers in place. What is in order already, as most lists here, costs a look. */
export function ascending(numbers: number[]): number[] {
  for (let i = 1; i < numbers.length; i++)
    if ((numbers[i - 1] as number) > (numbers[i] as number)) return numbers.sort((a, b) => a - b);
  return numbers;
}
