/** Model shapes of the benchmark: only the shape decides the speed, so the weights are random. */
export interface Shape {
  readonly name: string;
  readonly hiddenSize: number;
  readonly blockCount: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  /** Default: the hidden size over the heads. */
  readonly headSize?: number;
  readonly feedForwardSize: number;
  readonly vocabSize: number;
}

const shapes: readonly Shape[] = [
  // About the size of the model that ships: the wire and the JavaScript dominate.
  {
    name: 's60',
    hiddenSize: 512,
    blockCount: 8,
    headCount: 8,
    kvHeadCount: 8,
    feedForwardSize: 1376,
    vocabSize: 32_000,
  },
  // TinyLlama 1.1B.
  {
    name: 't1b',
    hiddenSize: 2048,
    blockCount: 22,
    headCount: 32,
    kvHeadCount: 4,
    feedForwardSize: 5632,
    vocabSize: 32_000,
  },
  // Blocks of Llama 3 8B: activations of 8 KiB.
  {
    name: 'l8b-slice',
    hiddenSize: 4096,
    blockCount: 4,
    headCount: 32,
    kvHeadCount: 8,
    feedForwardSize: 14_336,
    vocabSize: 32_000,
  },
];

/** @throws Error naming the known shapes */
export function shapeNamed(name: string): Shape {
  const shape = shapes.find((candidate) => candidate.name === name);
  if (shape !== undefined) return shape;
  throw new Error(`No shape "${name}". Known: ${shapes.map((known) => known.name).join(', ')}.`);
}
