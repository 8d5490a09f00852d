import type { RequestDone, Stored } from '../world/contract.ts'
import type { Checks, Fault } from './contract.ts'
import { toForms } from './secret-forms.ts'
import type { State } from './state.ts'

const TOKEN = '/openid-connect/token'
/** Objects that are made to hold secrets. */
const HOMES = ['secrets', 'mutatingwebhookconfigurations']
/** Access tokens of the cloud that are remembered: they live for a few minutes each. */
const MAX_TOKENS = 20

interface Needle {
  readonly name: string
  readonly form: string
}

/**
 * No text that leaves a controller holds a secret in any form: what is sent (paths, queries, bodies), answered to reviews
 * and audit batches, stored in the cluster, and logged. Credentials may go to where tokens are to be had.
 */
export function createSecretChecks({ inputs }: State): Checks {
  const read = new Map<string, number>()
  const planted = inputs.secrets.flatMap((secret, index) => toNeedles(secret, `secret ${index}`))
  let tokens: readonly (readonly Needle[])[] = []

  function check(object: string, ...texts: readonly string[]): Fault[] {
    const needles = [...planted, ...tokens.flat()]
    return texts.flatMap(text => {
      const found = needles.find(({ form }) => text.includes(form))
      if (!found) return []
      const what = `it holds ${found.name}: ${text.replaceAll(found.form, '(the secret)')}`
      return [{ invariant: '7', object, what } as const]
    })
  }

  function checkRequest({ by, call, answer = '' }: RequestDone): Fault[] {
    const { to, path, query, body } = call
    if (to === 'cloud' && path.endsWith(TOKEN)) {
      note(answer)
      return []
    }
    const object = `${to} ${path}`
    if (to === 'admission' || to === 'audit') return check(object, answer)
    return inputs.isProcess(by) ? check(object, path, query, body) : []
  }

  function note(answer: string): void {
    const token = /"access_token":"([^"]+)"/.exec(answer)?.[1]
    if (token !== undefined) tokens = [...tokens, toNeedles(token, 'an access token')].slice(-MAX_TOKENS)
  }

  const checkStored = ({ resource, object }: Stored): Fault[] =>
    HOMES.includes(resource) ? [] : check(`${resource} ${object.metadata.name}`, JSON.stringify(object))

  function checkLogs(): Fault[] {
    return inputs.logs().flatMap(({ by, lines }) => {
      const from = read.get(by) ?? 0
      read.set(by, lines.length)
      return check(`log ${by}`, ...lines.slice(from))
    })
  }

  return {
    check(entry) {
      if (entry.kind === 'request') return checkRequest(entry)
      return entry.kind === 'stored' ? checkStored(entry) : []
    },
    atRest: checkLogs,
  }
}

const toNeedles = (secret: string, name: string): readonly Needle[] =>
  toForms(secret).map(form => ({ name, form }))
