/** Which device computes which blocks, when one does not hold them all. Pure. */

/** What wants memory, in the order in which rows pass through it: weights, and caches when full. */
export interface BlockLoads {
  /** The table of the embedding; 0 where it is not hosted, or is the head's as well. */
  readonly embeddingBytes: number;
  readonly blockBytes: readonly number[];
  readonly headBytes: number;
}

/** What there is for it. */
export interface DeviceRooms {
  /** Bytes that each device has for weights and caches, in the order in which they are filled. */
  readonly deviceBytes: readonly number[];
  /** The most blocks that devices take together; default: as many as they hold. */
  readonly blocksOnDevicesMax?: number | undefined;
}

/** Where something is computed: the index of a device, or null for the CPU. */
export type Placement = number | null;

export interface BlockPlacements {
  readonly embedding: Placement;
  readonly blocks: readonly Placement[];
  readonly head: Placement;
}

/** Halvings of the interval in which the most even filling is looked for. */
const halvings = 40;

/**
 * Devices take as many of the last blocks as they hold, each a range, so that all are filled to
 * the same part as nearly as may be; the CPU takes the first ones. So rows change from one device
 * to the next as seldom as possible, the embedding, which is only looked up, leaves first, and the head,
 * which is one large product, last.
 */
export function assignBlocks(loads: BlockLoads, rooms: DeviceRooms): BlockPlacements {
  const { embeddingBytes, blockBytes, headBytes } = loads;
  const { deviceBytes, blocksOnDevicesMax = blockBytes.length } = rooms;
  const items = [embeddingBytes, ...blockBytes, headBytes];
  const withheld = blockBytes.length - Math.min(blocksOnDevicesMax, blockBytes.length);
  let first = withheld === 0 ? 0 : withheld + 1;
  let placed: readonly number[] | null = null;
  // The head alone is not worth the way to a device and back.
  for (; first <= blockBytes.length && placed === null; first += 1) {
    placed = placeEvenly(items.slice(first), deviceBytes);
  }
  const onCpu = placed === null ? items.length : first - 1;
  const all = [...new Array<null>(onCpu).fill(null), ...(placed ?? [])];
  return {
    embedding: all[0] ?? null,
    blocks: all.slice(1, -1),
    head: all.at(-1) ?? null,
  };
}

/** Runs of items in order, the fullest device as little full as possible; null if they do not fit. */
function placeEvenly(
  items: readonly number[],
  deviceBytes: readonly number[],
): readonly number[] | null {
  let best = placeUpTo(items, deviceBytes);
  let low = 0;
  let high = 1;
  for (let round = 0; round < halvings && best !== null; round += 1) {
    const part = (low + high) / 2;
    const found = placeUpTo(
      items,
      deviceBytes.map((bytes) => bytes * part),
    );
    if (found === null) low = part;
    else {
      best = found;
      high = part;
    }
  }
  return best;
}

/** Fills one device after the other: finds a place for every item if there is one. */
function placeUpTo(items: readonly number[], deviceBytes: readonly number[]): number[] | null {
  if (deviceBytes.length === 0) return null;
  let device = 0;
  let usedBytes = 0;
  const placed: number[] = [];
  for (const bytes of items) {
    while (usedBytes + bytes > (deviceBytes[device] ?? 0)) {
      device += 1;
      usedBytes = 0;
      if (device >= deviceBytes.length) return null;
    }
    usedBytes += bytes;
    placed.push(device);
  }
  return placed;
}
