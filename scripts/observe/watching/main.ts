import { createDirectory, createSkeinNode } from '@skein/client/network';
import { createObserver, createSwarmApp, listenHttp } from '@skein/client/observer';

/**
 * A process that does what `skein dashboard` does, and tells what it takes. Its messages are figures
 * of the time since the one before.
 */
async function run(bootstrap: string, reportMs: number, linesMax: number): Promise<void> {
  const node = await createSkeinNode({
    listen: [],
    bootstrap: [bootstrap],
    mode: 'client',
    dht: false,
    connectionsMax: linesMax + 512,
  });
  const directory = createDirectory({ node, bootstrap: [bootstrap] });
  await node.start();
  await directory.start();
  await directory.refresh({});
  const kind = 'dashboard';
  const observer = createObserver({ node, directory, kind, version: 'measured', linesMax });
  const app = createSwarmApp({
    observer: () => observer,
    page: null,
    pagePath: '/',
    isLocal: true,
  });
  const startedAtMs = performance.now();
  await observer.start();
  const { url } = await listenHttp(app, { host: '127.0.0.1', port: 0, flag: '--port' });
  process.send?.({ type: 'listening', url });
  let [before, beforeMs] = [process.cpuUsage(), performance.now()];
  setInterval(() => {
    const cpu = process.cpuUsage(before);
    const elapsedMs = performance.now() - beforeMs;
    [before, beforeMs] = [process.cpuUsage(), performance.now()];
    const peers = observer.peers();
    const now = Date.now();
    const answered = peers.filter(({ uptimeMs }) => uptimeMs !== null);
    const recent = peers.filter(
      ({ reachability }) => now - (reachability.checkedAtMs ?? 0) < 10_000,
    );
    const { observer: figures, headline, tokensPerSecond, sessions } = observer.swarm();
    process.send?.({
      type: 'figures',
      sinceStartMs: performance.now() - startedAtMs,
      cores: (cpu.user + cpu.system) / 1000 / elapsedMs,
      heapMiB: process.memoryUsage().heapUsed / 1024 / 1024,
      residentMiB: process.memoryUsage().rss / 1024 / 1024,
      peers: peers.length,
      answered: answered.length,
      answeredLately: recent.length,
      oldestNewsMs: Math.max(0, ...peers.map(({ seenAtMs }) => now - seenAtMs)),
      refreshMs: figures.refreshMs,
      swarm: { headline, tokensPerSecond, sessions },
    });
  }, reportMs);
}

await run(process.argv[2] ?? '', Number(process.argv[3]), Number(process.argv[4]));
