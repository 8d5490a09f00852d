import { type Machine, sameMachine } from './content.ts'

/**
 * Machines that this process has answered for, by instance id. A list that is shared for some seconds may hold a server
 * that was replaced meanwhile: who comes as another machine than the one before waits for the next list.
 */
export interface Joins {
  /** True when another machine was answered for under this id. */
  isOther(id: string, machine: Machine): boolean
  note(id: string, machine: Machine): void
}

/** More nodes than join in one process between two passes; the oldest are forgotten first. */
const MAX_JOINS = 10_000

export function createJoins(): Joins {
  const machines = new Map<string, Machine>()
  return {
    isOther(id, machine) {
      const known = machines.get(id)
      return known !== undefined && !sameMachine(known, machine)
    },
    note(id, machine) {
      machines.delete(id)
      machines.set(id, machine)
      const oldest = machines.keys().next()
      if (machines.size > MAX_JOINS && !oldest.done) machines.delete(oldest.value)
    },
  }
}
