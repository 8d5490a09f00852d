import type { ReconcileKey } from '../shared/controllers/contract.ts'
import { CcmError } from '../shared/errors.ts'
import { toRecord } from '../shared/kubernetes/review.ts'
import { currentOrigin, type Origin, readOrigin } from '../shared/trace.ts'
import { readKey } from './keys.ts'

/** Hands keys to reconcile without waiting for the work itself. */
export interface Invoker {
  /** Resolves when every key was taken over. @throws CcmError INVOKE_FAILED */
  invoke(keys: readonly ReconcileKey[]): Promise<void>
}

/** What the reconcile function is invoked with. */
export interface ReconcilePayload {
  readonly keys: readonly ReconcileKey[]
  /** Of the work that rings; earlier versions sent none, and take no notice of them. */
  readonly correlationIds?: readonly string[]
  /** Of the spans that ring, where spans are exported. */
  readonly traceparents?: readonly string[]
}

/** A payload as it was understood. */
export interface PayloadReading {
  readonly keys: readonly ReconcileKey[]
  /** Entries that are no keys. */
  readonly malformed: number
  /** Undefined where it tells none. */
  readonly origin?: Origin | undefined
}

/** The keys of a payload, which anything that may invoke the function can have sent. */
export function readPayload(payload: unknown): PayloadReading {
  const { keys: entries, correlationIds, traceparents } = toRecord(payload)
  if (!Array.isArray(entries)) return { keys: [], malformed: 1 }
  const keys = entries.map(readKey).filter(key => key !== undefined)
  return { keys, malformed: entries.length - keys.length, origin: readOrigin(correlationIds, traceparents) }
}

/** Sends one payload; resolves with the status that the platform acknowledged it with. */
export type SendPayload = (payload: string) => Promise<number>

/** AWS takes 256 KiB for an asynchronous invocation (1 MiB in newer regions); half of it leaves room for its envelope. */
const MAX_PAYLOAD_BYTES = 131_072
/** The platform's "taken over, will run". */
const ACCEPTED = 202

/** An invoker that sends payloads to the reconcile function, with the ids of the work that it is called from. */
export function createFunctionInvoker(send: SendPayload): Invoker {
  return {
    async invoke(keys) {
      const results = await Promise.allSettled(
        toPayloads(keys, currentOrigin()).map(payload => sendOne(send, payload)),
      )
      const failed = results.filter(result => result.status === 'rejected')
      if (failed[0]) {
        const message = `${failed.length} of ${results.length} invocations of reconcile failed`
        throw new CcmError('INVOKE_FAILED', message, { cause: failed[0].reason })
      }
    },
  }
}

async function sendOne(send: SendPayload, payload: string): Promise<void> {
  const status = await send(payload)
  if (status !== ACCEPTED) throw new Error(`status ${status} instead of ${ACCEPTED}`)
}

/** Few payloads: each may run in a process of its own, which asks BMC for itself. */
export function toPayloads(keys: readonly ReconcileKey[], origin?: Origin): readonly string[] {
  const { ids: correlationIds, parents: traceparents } = origin ?? {}
  const ids = { ...(correlationIds && { correlationIds }), ...(traceparents && { traceparents }) }
  const envelope = Buffer.byteLength(JSON.stringify({ keys: [], ...ids } satisfies ReconcilePayload))
  const chunks: ReconcileKey[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const key of keys) {
    const bytes = Buffer.byteLength(JSON.stringify(key)) + 1
    if (size + bytes > MAX_PAYLOAD_BYTES) {
      chunks.push([])
      size = envelope
    }
    chunks.at(-1)?.push(key)
    size += bytes
  }
  return chunks.map(chunk => JSON.stringify({ keys: chunk, ...ids } satisfies ReconcilePayload))
}
