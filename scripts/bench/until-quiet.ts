/** Between two looks at the processor time, and the longest wait, in milliseconds. */
const lookMs = 50;
const waitMsMax = 5_000;
/** Share of a processor that counts as rest. */
const quietShare = 0.2;

/**
 * Waits until this process's threads rest. Those of libllama go on polling for work for some 0.12 s
 * after a call, on a core that the other side needs when it has its turn.
 */
export async function untilQuiet(): Promise<void> {
  const giveUpAtMs = performance.now() + waitMsMax;
  for (;;) {
    const [before, startedAtMs] = [process.cpuUsage(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < quietShare * (nowMs - startedAtMs)) return;
    if (nowMs > giveUpAtMs) throw new Error(`this process did not rest within ${waitMsMax} ms`);
  }
}
