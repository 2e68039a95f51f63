import type { ModelState, PeerSummary, SwarmAnswer } from '@skein/protocol/http-api';
import { type BlockMapRow, drawBlockMap } from './block-map.js';
import { formatDuration, type painter } from './output.js';

type Paint = ReturnType<typeof painter>;

/** Lines fit a terminal of this width where nobody says how wide it is. */
const columnsDefault = 80;
/** Names are cut, so that a long one does not push the blocks out of the line. */
const nameCharactersMax = 14;
/** Cells of the map, so that a line with a name and remarks has 80 columns. */
const cellsMax = 24;
/** Peers that are listed of one model; `--json` has them all. */
const peersListedMax = 64;

/** A swarm as lines: for each model its state, who hosts what, and the coverage of each block. */
export function showSwarm(
  swarm: SwarmAnswer,
  options: { readonly paint: Paint; readonly columns?: number; readonly model?: string },
): string[] {
  const { paint, columns = columnsDefault, model } = options;
  const wanted = swarm.modelStates.filter(
    ({ name, hash }) => model === undefined || name === model || hash === model,
  );
  if (wanted.length === 0) {
    const what = model === undefined ? 'a model yet' : model;
    return [`No peer of this swarm hosts ${what}.`];
  }
  return wanted.flatMap((state, index) => [
    ...(index === 0 ? [] : ['']),
    ...showModel(state, swarm.peerSummaries, { paint, columns }),
  ]);
}

function showModel(
  state: ModelState,
  peers: readonly PeerSummary[],
  { paint, columns }: { paint: Paint; columns: number },
): string[] {
  const own = peers.filter(({ model }) => model.hash === state.hash);
  const colour = { healthy: paint.green, degraded: paint.yellow, broken: paint.red }[state.health];
  const { sessions, tokensPerSecond } = state;
  const rate = tokensPerSecond > 0 ? `  ${tokensPerSecond.toFixed(1)} tokens/s` : '';
  const rows = own.slice(0, peersListedMax).map((peer): BlockMapRow => describeRow(peer));
  const listed = drawBlockMap(state.blockCount, rows, {
    cellsMax,
    hosts: state.coverage.map(({ peers: hosts }) => hosts),
  });
  const more = own.length - rows.length;
  return [
    ...wrap(`${state.name} is ${state.health}: ${state.headline}`, columns).map((line, index) =>
      index === 0 ? line.replace(state.health, colour(state.health)) : line,
    ),
    `${counted(own.length, 'peer')}  ${counted(sessions, 'session')}${rate}`,
    '',
    ...listed.map((line) => `  ${line}`.slice(0, columns)),
    ...(more > 0 ? [`  and ${more} more peers: --json has them all`] : []),
  ];
}

/** What a line says beside the blocks, the most important first: the end may be cut off. */
function describeRow(peer: PeerSummary): BlockMapRow {
  const { state, span, nextSpan, sessions, uptimeMs, reachability } = peer;
  const name = peer.name === '' ? peer.id.slice(-8) : peer.name;
  const remarks = [
    `${span.start}:${span.end}${nextSpan === null ? '' : ` → ${nextSpan.start}:${nextSpan.end}`}`,
    ...(state === 'serving' ? [] : [state]),
    ...reachWords(reachability),
    ...(sessions === 0 ? [] : [counted(sessions, 'session')]),
    ...(uptimeMs === null ? [] : [`up ${formatUptime(uptimeMs)}`]),
  ];
  const cut = name.length > nameCharactersMax ? `${name.slice(0, nameCharactersMax - 1)}…` : name;
  return { name: cut, span, remark: remarks.join('  '), isAway: state !== 'serving' };
}

function reachWords({ kind, roundTripMs }: PeerSummary['reachability']): string[] {
  const away = roundTripMs === null ? '' : ` ${formatDuration(roundTripMs)}`;
  if (kind === 'direct') return away === '' ? ['direct'] : [away.trim()];
  if (kind === 'relayed') return [`relayed${away}`];
  if (kind === 'reported') return ['by others'];
  return kind === 'unreachable' ? ['no answer'] : [];
}

function formatUptime(uptimeMs: number): string {
  const minutes = Math.floor(uptimeMs / 60_000);
  if (minutes < 1) return formatDuration(Math.round(uptimeMs / 1000) * 1000).replace('.0', '');
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Breaks a sentence between words. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines;
}
