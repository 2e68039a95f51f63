import { bytes, count, duration, plural, rate } from '@skein/look';
import type { PeerAnswer, Percentiles } from '@skein/protocol/http-api';
import type { ComponentChildren } from 'preact';

/** Figures that only the peer knows, before it has told them. */
const untold = 'not told yet';

/** Identity, machine, speed, room and work of a peer, in groups. */
export function PeerFacts({ peer }: { readonly peer: PeerAnswer }) {
  return (
    <div class="fact-groups">
      <Group title="Machine">
        <Fact name="Device">{peer.device ?? untold}</Fact>
        <Fact name="Engine">{peer.engine ?? untold}</Fact>
        <Fact name="Numbers">{peer.numericKind || 'loading'}</Fact>
        <Fact name="Memory">{memoryText(peer)}</Fact>
        <Fact name="Skein">{peer.version ?? untold}</Fact>
        <Fact name="Up for">{peer.uptimeMs === null ? untold : duration(peer.uptimeMs)}</Fact>
      </Group>
      <Group title="Speed">
        <Fact name="Decoding">{count(peer.throughput.decodeBlocksPerSecond)} blocks/s</Fact>
        <Fact name="Prefill">{count(peer.throughput.prefillBlockRowsPerSecond)} block-rows/s</Fact>
        <Fact name="Network">{networkText(peer)}</Fact>
        <Fact name="A step computes">{percentilesText(peer.step.computeMs)}</Fact>
        <Fact name="A step waits">{percentilesText(peer.step.queueMs)}</Fact>
      </Group>
      <Group title="Now">
        <Fact name="Sessions">{count(peer.sessions)}</Fact>
        <Fact name="Queue">{plural(peer.queuedRows, 'row')}</Fact>
        <Fact name="Cache">
          <CacheMeter peer={peer} />
        </Fact>
      </Group>
      <Contribution peer={peer} />
    </div>
  );
}

function Contribution({ peer: { contribution, counters } }: { readonly peer: PeerAnswer }) {
  const { tokenBlocks, tokenBlocksPerSecond } = contribution;
  return (
    <Group title="Given so far">
      <Fact name="Tokens × blocks">
        {tokenBlocks === null ? untold : count(tokenBlocks)}
        {tokenBlocksPerSecond !== null && (
          <span class="note">{rate(tokenBlocksPerSecond)} a second now</span>
        )}
      </Fact>
      {counters !== null && (
        <>
          <Fact name="Sessions opened">{count(counters.sessionsOpened)}</Fact>
          <Fact name="Steps">{count(counters.stepsComputed)}</Fact>
          <Fact name="Moves">{count(counters.moves)}</Fact>
          <Fact name="Successors replaced">{count(counters.relinks)}</Fact>
          <Fact name="Failed steps">{count(counters.failedSteps)}</Fact>
          <Fact name="Engine restarts">{count(counters.engineRestarts)}</Fact>
          <Fact name="Received, sent">
            {bytes(counters.receivedBytes)}, {bytes(counters.sentBytes)}
          </Fact>
        </>
      )}
    </Group>
  );
}

interface GroupProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

function Group({ title, children }: GroupProps) {
  const id = `facts-${title.toLowerCase().replaceAll(' ', '-')}`;
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <dl class="pairs">{children}</dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function CacheMeter({ peer: { kv } }: { readonly peer: PeerAnswer }) {
  const used = kv.maxTokens - kv.freeTokens;
  const text = `${count(used)} of ${count(kv.maxTokens)} tokens`;
  return (
    <>
      <meter min={0} max={Math.max(1, kv.maxTokens)} value={used} aria-label="Cache in use">
        {text}
      </meter>
      {text}
    </>
  );
}

function memoryText({ memory }: PeerAnswer): string {
  if (memory === null) return untold;
  const { weightBytes, kvBytesMax, deviceBytes } = memory;
  const parts = `${bytes(weightBytes)} weights, ${bytes(kvBytesMax)} cache`;
  return deviceBytes === null ? parts : `${parts}, of ${bytes(deviceBytes)}`;
}

function networkText({ throughput: { network } }: PeerAnswer): string {
  if (network === null) return untold;
  return `${bytes(Math.round(network.receivedBytesPerSecond))}/s in, ${bytes(Math.round(network.sentBytesPerSecond))}/s out`;
}

function percentilesText(percentiles: Percentiles): string {
  if (percentiles === null) return 'nothing measured';
  const { p50, p90, p99 } = percentiles;
  return `${duration(p50)}; 90 %: ${duration(p90)}; 99 %: ${duration(p99)}`;
}
