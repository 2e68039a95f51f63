import type { ApiModelName, ApiSpan, PeerSummary } from '@skein/protocol/http-api';

const geese = [
  'brant',
  'greylag',
  'barnacle',
  'snow',
  'bean',
  'nene',
  'emperor',
  'canada',
  'pinkfoot',
  'cackling',
  'teal',
  'wigeon',
  'pintail',
  'eider',
  'scoter',
  'shoveler',
  'gadwall',
  'garganey',
  'heron',
  'crane',
];
const places = [
  'oslo',
  'kyoto',
  'lagos',
  'lima',
  'turin',
  'perth',
  'reno',
  'ghent',
  'cork',
  'pune',
];

const devices = [
  ['NVIDIA GeForce RTX 4090', 24, 5200],
  ['NVIDIA RTX A4000', 16, 2600],
  ['Apple M3 Max', 64, 2200],
  ['AMD Ryzen 9 7950X', 64, 380],
] as const;

const GiB = 1024 ** 3;
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** An id as base58 peer ids look. */
function fixtureId(random: () => number): string {
  const letters = Array.from(
    { length: 44 },
    () => alphabet[Math.floor(random() * alphabet.length)],
  );
  return `12D3KooW${letters.join('')}`;
}

/** A peer that somebody might run. */
export function fixturePeer(
  random: () => number,
  options: {
    readonly index: number;
    readonly model: ApiModelName;
    readonly span: ApiSpan;
    readonly blockCount: number;
    readonly nowMs: number;
  },
): PeerSummary {
  const { index, model, span, blockCount, nowMs } = options;
  const [device, gigabytes, speed] = devices[Math.floor(random() * devices.length)] ?? devices[0];
  const maxTokens = 8192 * (1 + Math.floor(random() * 12));
  const blocks = span.end - span.start;
  const goose = geese[index % geese.length];
  const place = places[Math.floor(index / geese.length) % places.length];
  return {
    id: fixtureId(random),
    name: `${goose}-${place}`,
    state: 'serving',
    model,
    span,
    nextSpan: null,
    ends: { embedding: span.start === 0, head: span.end === blockCount },
    numericKind: 'q8_0/f16',
    version: '0.1.0',
    engine: device.startsWith('NVIDIA') ? 'ggml 0.25.1 CUDA' : 'ggml 0.25.1 CPU',
    device,
    memory: {
      weightBytes: Math.round(blocks * 0.45 * GiB),
      kvBytesMax: maxTokens * blocks * 4096,
      deviceBytes: gigabytes * GiB,
    },
    throughput: {
      decodeBlocksPerSecond: speed * (0.8 + 0.4 * random()),
      prefillBlockRowsPerSecond: speed * 30 * (0.8 + 0.4 * random()),
      network: {
        receivedBytesPerSecond: 4e5 * random(),
        sentBytesPerSecond: 4e5 * random(),
      },
    },
    kv: { freeTokens: Math.round(maxTokens * (0.1 + 0.9 * random())), maxTokens },
    queuedRows: Math.floor(random() ** 3 * 24),
    sessions: 0,
    uptimeMs: Math.round(random() * 9 * 86_400_000),
    contribution: {
      tokenBlocks: Math.floor(random() * 4e8),
      tokenBlocksPerSecond: 300 * random(),
    },
    reachability: {
      kind: random() < 0.85 ? 'direct' : 'relayed',
      reason: null,
      roundTripMs: 4 + 180 * random() ** 2,
      checkedAtMs: nowMs,
    },
    seenAtMs: nowMs,
  };
}
