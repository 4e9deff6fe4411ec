// Which recipes take a file, said before anything is sent. The server decides in the end, by the bytes.
import type { Recipe } from '../api/answers';
import { bytes } from '../parts/words';

/** Types that browsers do not know by the ending; the server wants some type. */
const UNKNOWN = 'application/octet-stream';

export interface Candidate {
  name: string;
  size: number;
  type: string;
}

export const typeOf = (file: Candidate): string => file.type || UNKNOWN;

export function takes(recipe: Recipe, file: Candidate): boolean {
  const type = typeOf(file).toLowerCase();
  const ending = file.name.includes('.') ? file.name.split('.').pop()!.toLowerCase() : '';
  const byType = recipe.takes.some((taken) =>
    taken.endsWith('/*') ? type.startsWith(taken.slice(0, -1)) : type === taken,
  );
  return byType || recipe.endings.includes(ending);
}

/** What can be made of `file`, the first the best; none, and why. */
export function fitting(recipes: readonly Recipe[], file: Candidate): { recipes: Recipe[]; why?: string } {
  if (file.size === 0) return { recipes: [], why: 'The file is empty.' };
  const taking = recipes.filter((recipe) => takes(recipe, file));
  if (!taking.length)
    return { recipes: [], why: `Nothing here takes this kind of file. Taken are ${endings(recipes)}.` };
  const available = taking.filter((recipe) => recipe.available);
  if (!available.length) {
    const why = taking.map((recipe) => recipe.unavailableBecause).find((reason) => reason);
    return { recipes: [], why: why ?? 'What takes this kind of file is not available here.' };
  }
  const small = available.filter((recipe) => file.size <= recipe.maxBytes);
  if (!small.length) {
    const limit = Math.max(...available.map((recipe) => recipe.maxBytes));
    return {
      recipes: [],
      why: `The file is too large: ${bytes(file.size)}, and ${bytes(limit)} is the limit.`,
    };
  }
  return { recipes: small };
}

function endings(recipes: readonly Recipe[]): string {
  const all = [...new Set(recipes.filter((recipe) => recipe.available).flatMap((recipe) => recipe.endings))];
  return new Intl.ListFormat('en', { type: 'conjunction' }).format(all);
}
