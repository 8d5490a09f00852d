import type { Call, Network, NetworkFault, Random, Trouble } from './contract.ts'

interface Active {
  readonly fault: NetworkFault
  hits: number
}

/** The network's faults from the world's side. */
export interface Striking extends Network {
  /** What goes wrong with this call; it counts as struck. Faults without `matches` spare users. */
  strike(call: Call, isUsers: boolean): Trouble | undefined
}

export function createFaults(random: Random): Striking {
  let active: Active[] = []

  function hits({ fault, hits: before }: Active, call: Call, isUsers: boolean): boolean {
    if (fault.to !== call.to || before >= (fault.times ?? Number.POSITIVE_INFINITY)) return false
    if (fault.matches ? !fault.matches(call) : isUsers) return false
    return random.chance(fault.probability ?? 1)
  }

  return {
    add(fault) {
      const entry: Active = { fault, hits: 0 }
      active.push(entry)
      return {
        get hits() {
          return entry.hits
        },
        remove: () => {
          active = active.filter(other => other !== entry)
        },
      }
    },
    clear: () => {
      active = []
    },
    strike(call, isUsers) {
      const entry = active.find(candidate => hits(candidate, call, isUsers))
      if (entry) entry.hits += 1
      return entry?.fault.trouble
    },
  }
}
