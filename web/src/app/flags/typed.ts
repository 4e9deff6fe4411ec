// What was typed into a field, or ticked.

/** Nothing, too, while it is no number that the field takes: the form says so before it is sent. */
export function number(event: Event): number | undefined {
  const { value, validity } = event.target as HTMLInputElement;
  return value === '' || !validity.valid ? undefined : Number(value);
}

export function text(event: Event): string {
  return (event.target as HTMLInputElement).value.trim();
}

export function checked(event: Event): boolean {
  return (event.target as HTMLInputElement).checked;
}
