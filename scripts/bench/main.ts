/**
 * `pnpm bench`: Skein beside llama.cpp, on the same file, the same threads and in the same run.
 *
 * Both sides take turns, so that a noisy machine is noisy for both; what counts is the ratio.
 */
import { parseArgs } from 'node:util';
import { benchHops } from './bench-hops.js';
import { benchPeer } from './bench-peer.js';
import { benchSessions } from './bench-sessions.js';
import { benchSpeed, type SpeedRow } from './bench-speed.js';
import { type BenchType, randomModel } from './random-model.js';
import { shapeNamed } from './shapes.js';

const { values } = parseArgs({
  options: {
    shape: { type: 'string', multiple: true, default: ['t1b'] },
    type: { type: 'string', multiple: true, default: ['q8_0', 'q4_0'] },
    rounds: { type: 'string', default: '5' },
    sessions: { type: 'string', multiple: true, default: ['8'] },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`Usage: pnpm bench [--shape s60|t1b|l8b-slice] [--type f32|f16|q8_0|q4_0] [--rounds 5] [--sessions 8] [--json]

Speeds are medians over rounds in which both sides take turns. Examples:
  pnpm bench
  pnpm bench --shape s60 --type f16 --rounds 9`);
  process.exit(0);
}

const report = (row: Readonly<Record<string, unknown>>) => {
  if (values.json) console.log(JSON.stringify(row));
};
function show(shape: string, type: string, row: SpeedRow): void {
  const ratio = row.speed / row.againstSpeed;
  report({ shape, type, ...row, ratio });
  if (values.json) return;
  console.log(
    `  ${row.what.padEnd(34)} ${row.speed.toFixed(1).padStart(8)} tok/s   ` +
      `${row.against.padEnd(8)} ${row.againstSpeed.toFixed(1).padStart(8)} tok/s   ` +
      `ratio ${ratio.toFixed(3)}`,
  );
}

const rounds = Number(values.rounds);
for (const shapeName of values.shape) {
  const shape = shapeNamed(shapeName);
  for (const type of values.type as BenchType[]) {
    const path = await randomModel(shape, type);
    if (!values.json) console.log(`\n${shape.name} ${type}`);
    for (const row of await benchSpeed({ path, shape, rounds })) show(shapeName, type, row);
    for (const sessions of values.sessions.map(Number)) {
      const rows = await benchSessions({ path, shape, rounds, sessions });
      for (const row of rows) show(shapeName, type, row);
    }
    const peer = await benchPeer(path, shape.blockCount);
    report({ shape: shapeName, type, what: 'peer', ...peer });
    if (!values.json) {
      const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
      const memory =
        peer.residentBytes === null
          ? ''
          : `; ${megabytes(peer.residentBytes)} resident, the file has ${megabytes(peer.fileBytes)}`;
      console.log(`  start to ready ${(peer.startMs / 1000).toFixed(2)} s, file cached${memory}`);
    }
  }
}

const hops = await benchHops();
report({ what: 'hops', ...hops });
if (!values.json) {
  console.log(`\nA hop beyond compute (${hops.activationBytes} bytes of activation, loopback)`);
  console.log(
    `  per hop         p50 ${hops.hopMsP50.toFixed(2)} ms   p99 ${hops.hopMsP99.toFixed(2)} ms`,
  );
  for (const edge of hops.edges) {
    const extra = edge.bytesPerToken - edge.payloadBytes;
    console.log(
      `  ${edge.name.padEnd(16)}${edge.bytesPerToken.toFixed(0)} bytes a token on the wire, ` +
        `${edge.payloadBytes} of them payload, ${extra.toFixed(0)} besides`,
    );
  }
}
process.exit(0);
