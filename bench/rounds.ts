/** Something that can be measured again and again. */
export type Measurement<T> = () => Promise<T>

/** What every round brought, of each. */
export type Taken<M> = { [K in keyof M]: M[K] extends Measurement<infer T> ? T[] : never }

/** Measures all of them in turns (A B A B …), so that what else the machine does meets each of them alike. */
export async function inTurns<M extends Readonly<Record<string, Measurement<unknown>>>>(
  rounds: number,
  measurements: M,
): Promise<Taken<M>> {
  const taken = new Map(Object.keys(measurements).map(name => [name, [] as unknown[]]))
  for (let round = 0; round < rounds; round++)
    for (const [name, measure] of Object.entries(measurements)) taken.get(name)?.push(await measure())
  return Object.fromEntries(taken) as Taken<M>
}
