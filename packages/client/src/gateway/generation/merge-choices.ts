/**
 * Yields what several generators yield, in the order in which it comes. An error of one ends all.
 *
 * @param stop makes generators that wait give up; called when the loop is left
 */
export async function* mergeChoices<Value>(
  generators: readonly AsyncGenerator<Value, void, undefined>[],
  stop: () => void,
): AsyncGenerator<Value, void, undefined> {
  const pending = new Map<
    number,
    Promise<{ index: number; result: IteratorResult<Value, void> }>
  >();
  const advance = (index: number) => {
    const generator = generators[index] as AsyncGenerator<Value, void, undefined>;
    // At the end of the map: whoever was just heard is looked at last.
    pending.delete(index);
    pending.set(
      index,
      generator.next().then((result) => ({ index, result })),
    );
  };
  try {
    for (const index of generators.keys()) advance(index);
    while (pending.size > 0) {
      const { index, result } = await Promise.race(pending.values());
      if (result.done) {
        pending.delete(index);
        continue;
      }
      advance(index);
      yield result.value;
    }
  } finally {
    stop();
    await Promise.allSettled([
      ...pending.values(),
      ...generators.map((generator) => generator.return()),
    ]);
  }
}
