import type { Checks, Fault } from './contract.ts'
import type { State } from './state.ts'

/** Calls whose body may hold a secret: they have no `isWrite`, as asking for a token. */
const ADMISSION = 'admission'

/** No text that leaves a controller holds a secret: bodies, answers, log lines, and everything that is stored. */
export function createSecretChecks({ inputs }: State): Checks {
  const read = new Map<string, number>()

  const findIn = (text: string): number => inputs.secrets.findIndex(secret => text.includes(secret))

  function check(object: string, text: string): Fault[] {
    const index = findIn(text)
    if (index < 0) return []
    const secret = inputs.secrets[index] ?? ''
    const what = `it holds secret ${index}: ${text.replaceAll(secret, '(the secret)')}`
    return [{ invariant: '7', object, what }]
  }

  function checkLogs(): Fault[] {
    return inputs.logs().flatMap(({ by, lines }) => {
      const from = read.get(by) ?? 0
      read.set(by, lines.length)
      return lines.slice(from).flatMap(line => check(`log ${by}`, line))
    })
  }

  return {
    check(entry) {
      if (entry.kind !== 'request') return []
      const { call, answer = '' } = entry
      const isOurs = call.to === ADMISSION || (call.isWrite && inputs.isProcess(entry.by))
      if (!isOurs) return []
      return check(`${call.to} ${call.path}`, call.to === ADMISSION ? answer : call.body)
    },
    atRest: checkLogs,
  }
}
