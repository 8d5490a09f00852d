import { measureRecovery, runStorm, warmUp } from './overload-storm.ts'

/** One thing that the client is asked to do. */
export type Order =
  | { readonly do: 'warm up'; readonly port: number; readonly ms: number }
  | { readonly do: 'storm'; readonly port: number; readonly seconds: number }
  | { readonly do: 'recovery'; readonly port: number; readonly limitMs: number }

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'warm up':
      return (await warmUp(order.port, order.ms)) ?? 'warm'
    case 'storm':
      return runStorm(order.port, order.seconds)
    case 'recovery':
      return measureRecovery(order.port, order.limitMs)
  }
}

/** The callers, in a process of their own: what they cost must not delay the simulators. Answers one order after another. */
process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => void carryOut(order).then(outcome => process.send?.(outcome)))
process.send?.('ready')
