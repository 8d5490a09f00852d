import { type Kind, measureCapacity, measureRecovery, type Rates, runStorm } from './overload-storm.ts'

/** One thing that the client is asked to do. */
export type Order =
  | { readonly do: 'capacity'; readonly port: number; readonly kind: Kind; readonly ms: number }
  | { readonly do: 'storm'; readonly port: number; readonly seconds: number; readonly rates: Rates }
  | { readonly do: 'recovery'; readonly port: number; readonly limitMs: number }

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'capacity':
      return measureCapacity(order.port, order.kind, order.ms)
    case 'storm':
      return runStorm(order.port, order.seconds, order.rates)
    case 'recovery':
      return measureRecovery(order.port, order.limitMs)
  }
}

/** The callers, in a process of their own: what they cost must not delay the simulators. Answers one order after another. */
process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => void carryOut(order).then(outcome => process.send?.(outcome)))
process.send?.('ready')
