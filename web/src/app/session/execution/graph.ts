// A machine's states as a picture: which follows which, and where each is drawn. Layers from the start down, one below
// another; what skips a layer goes around on the left, what catches errors on the right.

export interface Node {
  name: string;
  type: string;
  /** Of the middle. */
  x: number;
  y: number;
}

export interface Edge {
  from: string;
  to: string;
  isCatch: boolean;
  path: string;
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
  width: number;
  height: number;
}

export const NODE = { width: 148, height: 40 };
const GAP = { x: 28, y: 30 };
const LANE = 14;
const MARGIN = 12;

interface AslState {
  Type?: string;
  Next?: string;
  Default?: string;
  Choices?: { Next?: string }[];
  Catch?: { Next?: string }[];
}

interface Link {
  from: string;
  to: string;
  isCatch: boolean;
}

/** Nothing where the document is none that has states. */
export function graphOf(definition: unknown): Graph | undefined {
  const { StartAt: start, States: states } = (definition ?? {}) as {
    StartAt?: string;
    States?: Record<string, AslState>;
  };
  if (!start || !states?.[start]) return undefined;
  const links = linksOf(states);
  const layers = layered(start, links);
  const rows = ordered(layers, links);
  const nodes = placed(rows, states);
  return drawn(nodes, links, layers);
}

function linksOf(states: Record<string, AslState>): Link[] {
  const links = Object.entries(states).flatMap(([from, state]) => {
    const onward = [state.Next, state.Default, ...(state.Choices ?? []).map((choice) => choice.Next)];
    const caught = (state.Catch ?? []).map((one) => one.Next);
    return [
      ...unique(onward).map((to) => ({ from, to, isCatch: false })),
      ...unique(caught).map((to) => ({ from, to, isCatch: true })),
    ];
  });
  return links.filter((link) => link.to in states);
}

function unique(names: (string | undefined)[]): string[] {
  return [...new Set(names.filter((name): name is string => name !== undefined))];
}

/** The layer of each state that can be reached: below all that lead to it, but for those that lead back. */
function layered(start: string, links: readonly Link[]): Map<string, number> {
  const layers = new Map<string, number>();
  const above = new Set<string>();
  const visit = (name: string, layer: number): void => {
    if (above.has(name) || (layers.get(name) ?? -1) >= layer) return;
    layers.set(name, layer);
    above.add(name);
    for (const link of links) if (link.from === name) visit(link.to, layer + 1);
    above.delete(name);
  };
  visit(start, 0);
  return layers;
}

/** The states of each layer, each as near below what leads to it as can be; what only catches stands last. */
function ordered(layers: Map<string, number>, links: readonly Link[]): string[][] {
  const rows: string[][] = [];
  for (const [name, layer] of layers) (rows[layer] ??= []).push(name);
  const place = new Map<string, number>();
  return rows.map((row) => {
    const weight = (name: string) => {
      const into = links.filter((link) => link.to === name && place.has(link.from));
      const plain = into.filter((link) => !link.isCatch);
      if (!plain.length) return into.length ? Infinity : 0;
      return plain.reduce((sum, link) => sum + place.get(link.from)!, 0) / plain.length;
    };
    const sorted = [...row].sort((a, b) => compare(weight(a), weight(b)));
    sorted.forEach((name, index) => place.set(name, index));
    return sorted;
  });
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function placed(rows: string[][], states: Record<string, AslState>): Node[] {
  const step = { x: NODE.width + GAP.x, y: NODE.height + GAP.y };
  return rows.flatMap((row, layer) =>
    row.map((name, index) => ({
      name,
      type: states[name]?.Type ?? '',
      x: NODE.width / 2 + index * step.x,
      y: MARGIN + NODE.height / 2 + layer * step.y,
    })),
  );
}

function drawn(nodes: Node[], links: readonly Link[], layers: Map<string, number>): Graph {
  const at = new Map(nodes.map((node) => [node.name, node]));
  const inside = links.filter((link) => at.has(link.from) && at.has(link.to));
  const isStep = (link: Link) => !link.isCatch && layers.get(link.to) === layers.get(link.from)! + 1;
  const around = inside.filter((link) => !isStep(link) && !link.isCatch);
  const left = MARGIN + (around.length ? LANE * (around.length + 1) : 0);
  for (const node of nodes) node.x += left;
  const right = Math.max(...nodes.map((node) => node.x + NODE.width / 2));
  const edges = inside.map((link) => {
    const [from, to] = [at.get(link.from)!, at.get(link.to)!];
    if (isStep(link)) return { ...link, path: down(from, to) };
    if (link.isCatch) return { ...link, path: aside(from, to, right + LANE) };
    return { ...link, path: aside(from, to, MARGIN + LANE * around.indexOf(link)) };
  });
  const lane = inside.some((link) => link.isCatch) ? LANE : 0;
  const height = Math.max(...nodes.map((node) => node.y + NODE.height / 2)) + MARGIN;
  return { nodes, edges, width: right + lane + MARGIN, height };
}

function down(from: Node, to: Node): string {
  const [y1, y2] = [from.y + NODE.height / 2, to.y - NODE.height / 2];
  const middle = (y1 + y2) / 2;
  return `M${from.x},${y1}C${from.x},${middle} ${to.x},${middle} ${to.x},${y2}`;
}

/** Out at the side, along the lane, and in at the side again. */
function aside(from: Node, to: Node, lane: number): string {
  const side = lane > from.x ? NODE.width / 2 : -NODE.width / 2;
  const [x1, x2] = [from.x + side, to.x + side];
  const round = 8 * Math.sign(side);
  const turn = 8 * Math.sign(to.y - from.y || 1);
  return (
    `M${x1},${from.y}H${lane - round}Q${lane},${from.y} ${lane},${from.y + turn}` +
    `V${to.y - turn}Q${lane},${to.y} ${lane - round},${to.y}H${x2}`
  );
}
