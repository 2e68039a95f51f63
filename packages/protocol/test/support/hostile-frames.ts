import type { ErrorCode } from '../../src/index.js';
import { concat, rawFrame, varint } from './frames.js';
import { extension, Raw, RawMap, rawPack } from './raw-msgpack.js';

/** Bytes that a reader of the message must refuse, with the code that it must give. */
export interface HostileFrame {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly code: ErrorCode;
}

type Header = Readonly<Record<string, unknown>>;

/** Values that no field of any message may take. */
const wrongValues: readonly (readonly [name: string, value: unknown])[] = [
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-1', -1],
  ['a fraction', 0.5],
  ['2^53', 2 ** 53],
  ['an unknown map', { unknown: null }],
  ['an extension', extension],
];

/** Hostile variants of one valid message: its header as it was unpacked, and its body. */
export function hostileFrames(header: Header, body: Uint8Array): HostileFrame[] {
  return [
    ...framingVariants(header, body),
    ...headerVariants(header).map(({ name, value }) => bad(name, rawFrame(rawPack(value), body))),
    ...bodyVariants(header, body),
  ];
}

function bad(name: string, bytes: Uint8Array): HostileFrame {
  return { name, bytes, code: 'bad-message' };
}

function framingVariants(header: Header, body: Uint8Array): HostileFrame[] {
  const packed = rawPack(header);
  const bodyLength = varint(body.byteLength);
  const frames: [name: string, pieces: Uint8Array[]][] = [
    ['header of 0 bytes', [varint(0), bodyLength, body]],
    ['header over the limit', [varint(1024 * 1024 + 1), bodyLength, packed, body]],
    ['body over the limit', [varint(packed.byteLength), varint(64 * 1024 * 1024 + 1), packed]],
    ['length of five bytes', [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x01)]],
    ['length not in its shortest form', [Uint8Array.of(0x81, 0x00), bodyLength, packed, body]],
  ];
  return frames.map(([name, pieces]) => ({ name, bytes: concat(pieces), code: 'bad-frame' }));
}

function headerVariants(header: Header): { name: string; value: unknown }[] {
  const entries = Object.entries(header);
  let bomb: unknown = 0;
  for (let depth = 0; depth < 100; depth++) bomb = [bomb];
  const variants: { name: string; value: unknown }[] = [
    { name: 'not a map', value: [header] },
    { name: 'empty map', value: {} },
    { name: 'unknown type', value: { ...header, type: 'surprise' } },
    { name: 'unknown field', value: { ...header, surprise: 1 } },
    { name: 'field twice', value: new RawMap([...entries, ['type', header.type]]) },
    { name: 'prototype key', value: new RawMap([...entries, ['__proto__', { type: 'open' }]]) },
    { name: 'key that is a number', value: new RawMap([...entries, [1, 1]]) },
    { name: 'key that is not ASCII', value: new RawMap([...entries, ['typ\u00e9', 1]]) },
    { name: 'extension beside the fields', value: { ...header, surprise: extension } },
    { name: 'nesting bomb', value: { ...header, surprise: bomb } },
    { name: 'array longer than the bytes', value: rawTail(header, [0xdd, 0xff, 0xff, 0xff, 0xff]) },
    { name: 'map longer than the bytes', value: rawTail(header, [0xdf, 0xff, 0xff, 0xff, 0xff]) },
    { name: 'text longer than the bytes', value: rawTail(header, [0xdb, 0xff, 0xff, 0xff, 0xff]) },
    {
      name: 'binary longer than the bytes',
      value: rawTail(header, [0xc6, 0xff, 0xff, 0xff, 0xff]),
    },
    { name: 'trailing bytes', value: new Raw([...rawPack(header), 0xc0]) },
  ];
  for (const [field] of entries) {
    if (!isOptional(header, field)) {
      variants.push({ name: `without ${field}`, value: without(header, field) });
    }
    const text = typeof header[field] === 'string' ? 'x'.repeat(1025) : 'x';
    for (const [name, value] of [...wrongValues, [`${text.length} characters`, text]] as const) {
      variants.push({ name: `${field}: ${name}`, value: { ...header, [field]: value } });
    }
  }
  return [
    ...variants,
    ...standbyVariants(header),
    ...targetVariants(header),
    ...statusVariants(header),
  ];
}

/** What a list of standbys must not be; of other messages there is nothing to vary. */
function standbyVariants(header: Header): { name: string; value: unknown }[] {
  const standby = Array.isArray(header.standbys) ? (header.standbys[0] as Header) : null;
  if (standby === null) return [];
  const lists: [name: string, standbys: unknown][] = [
    ['three of them', [standby, standby, standby]],
    ['null for one', [null]],
    ['an unknown field', [{ ...standby, surprise: 1 }]],
    ['a peer id that is none', [{ ...standby, peer: 'nobody' }]],
    ['a position over the limit', [{ ...standby, from: 1_048_577 }]],
    ['a block over the limit', [{ ...standby, until: 1025 }]],
    ['without a block', [without(standby, 'until')]],
    ['addresses without end', [{ ...standby, multiaddrs: Array(17).fill('/ip4/127.0.0.1') }]],
  ];
  return lists.map(([name, standbys]) => ({
    name: `standbys: ${name}`,
    value: { ...header, standbys },
  }));
}

/** What the targets of a step must not be. */
function targetVariants(header: Header): { name: string; value: unknown }[] {
  if (!Array.isArray(header.targets)) return [];
  const lists: [name: string, targets: unknown][] = [
    ['none', []],
    ['one too many', Array(513).fill(1)],
    ['a negative one', [-1]],
    ['a fraction', [0.5]],
    ['one over the largest vocabulary', [1_048_576]],
    ['text for one', ['1']],
  ];
  return lists.map(([name, targets]) => ({
    name: `targets: ${name}`,
    value: { ...header, targets },
  }));
}

/** What the lists of a status must not be. */
function statusVariants(header: Header): { name: string; value: unknown }[] {
  const first = (field: string) =>
    Array.isArray(header[field]) ? (header[field][0] as Header | undefined) : undefined;
  const [session, neighbour] = [first('sessionList'), first('neighbours')];
  const event = first('events');
  if (session === undefined || neighbour === undefined || event === undefined) return [];
  const fields: [name: string, changed: Header][] = [
    ['a session id that opens it', { sessionList: [{ ...session, id: '0'.repeat(32) }] }],
    ['a successor that is no peer', { sessionList: [{ ...session, next: 'nobody' }] }],
    ['a session with an unknown field', { sessionList: [{ ...session, prompt: 'Hello' }] }],
    ['129 sessions', { sessionList: Array(129).fill(session) }],
    ['a distance of NaN', { neighbours: [{ ...neighbour, roundTripMs: Number.NaN }] }],
    ['33 neighbours', { neighbours: Array(33).fill(neighbour) }],
    ['an event of an unknown kind', { events: [{ ...event, kind: 'surprise' }] }],
    ['an event that rewrites the terminal', { events: [{ ...event, text: '\u001b[2J' }] }],
    ['an event without end', { events: [{ ...event, text: 'x'.repeat(257) }] }],
    ['33 events', { events: Array(33).fill(event) }],
    ['38 buckets', { durations: { ...(header.durations as Header), queue: Array(38).fill(1) } }],
    ['a count below 0', { counters: { ...(header.counters as Header), steps: -1 } }],
    ['an infinite speed', { throughput: { decodeBlocksPerSecond: Infinity } }],
  ];
  return fields.map(([name, changed]) => ({ name, value: { ...header, ...changed } }));
}

const optionalFields: Readonly<Record<string, readonly string[]>> = {
  ahead: ['plan'],
  open: ['takesOverFrom'],
  step: ['logits', 'topK', 'targets', 'until', 'rowByRow'],
  link: ['standbys'],
  kv: ['length'],
  result: ['next'],
  'handed-over': ['failure'],
  error: ['step', 'epoch', 'about', 'details'],
};

function isOptional(header: Header, field: string): boolean {
  return optionalFields[String(header.type)]?.includes(field) ?? false;
}

function without(header: Header, field: string): Header {
  return Object.fromEntries(Object.entries(header).filter(([key]) => key !== field));
}

/** The header with one more field whose value is `tail`. */
function rawTail(header: Header, tail: readonly number[]): Header {
  return { ...header, zzz: new Raw(tail) };
}

function bodyVariants(header: Header, body: Uint8Array): HostileFrame[] {
  const packed = rawPack(header);
  const variants = [
    bad('byte after the body', rawFrame(packed, concat([body, new Uint8Array(1)]))),
  ];
  const layouts = header.tensors;
  if (!Array.isArray(layouts) || layouts.length === 0) return variants;
  const shapes: [name: string, shape: readonly unknown[]][] = [
    ['negative dimension', [-1]],
    ['NaN dimension', [Number.NaN]],
    ['fractional dimension', [1.5]],
    ['five dimensions', [1, 1, 1, 1, 1]],
    ['product that overflows', [0x7fff_ffff, 0x7fff_ffff, 0x7fff_ffff, 0x7fff_ffff]],
    ['text for a dimension', ['8']],
  ];
  for (const [name, shape] of shapes) {
    const changed = { ...header, tensors: [['f32', ...shape], ...layouts.slice(1)] };
    variants.push(bad(`tensors: ${name}`, rawFrame(rawPack(changed), body)));
  }
  const unknownType = { ...header, tensors: [['f64', 1], ...layouts.slice(1)] };
  const nine = { ...header, tensors: Array.from({ length: 9 }, () => ['u8', 0]) };
  variants.push(bad('tensors: unknown type', rawFrame(rawPack(unknownType), body)));
  variants.push(bad('tensors: nine of them', rawFrame(rawPack(nine), body)));
  variants.push(bad('body a byte short', rawFrame(packed, body.subarray(1))));
  return variants;
}
