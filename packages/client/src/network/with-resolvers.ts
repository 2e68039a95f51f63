/**
 * `Promise.withResolvers` for Node 20: the one language feature that js-libp2p 3 needs and that is
 * absent there. Import this file first wherever libp2p is imported.
 */
interface PromiseConstructorWithResolvers {
  withResolvers?: <Value>() => {
    promise: Promise<Value>;
    resolve: (value: Value | PromiseLike<Value>) => void;
    reject: (reason?: unknown) => void;
  };
}

(Promise as PromiseConstructorWithResolvers).withResolvers ??= function withResolvers<Value>() {
  let resolve!: (value: Value | PromiseLike<Value>) => void;
  let reject!: (reason?: unknown) => void;
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
};

export {};
