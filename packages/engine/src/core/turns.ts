/** Lets calls run one after the other: the engine behind them does one thing at a time. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** No call runs or waits. */
  get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** Runs a call when those before it have ended, whatever became of them. */
  take<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    this.waiting += 1;
    const done = this.last.then(call).finally(() => {
      this.waiting -= 1;
    });
    this.last = done.catch(() => undefined);
    return done;
  }
}
