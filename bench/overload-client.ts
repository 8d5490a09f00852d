import { measureCapacity, measureRecovery, runStorm, type Storm } from './overload-storm.ts'

/** One thing that the client is asked to do. */
export type Order =
  | {
      readonly do: 'capacity'
      readonly port: number
      readonly what: 'reviews' | 'batches'
      readonly ms: number
    }
  | ({ readonly do: 'storm' } & Storm)
  | { readonly do: 'recovery'; readonly port: number; readonly limitMs: number }

/** The callers, in a process of their own: what they cost must not delay the simulators. Answers one order after another. */
async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'capacity':
      return measureCapacity(order.port, order.what, order.ms)
    case 'storm':
      return runStorm(order)
    case 'recovery':
      return measureRecovery(order.port, order.limitMs)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => void carryOut(order).then(outcome => process.send?.(outcome)))
process.send?.('ready')
