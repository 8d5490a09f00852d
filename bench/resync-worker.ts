import { composeApp } from '../functions/compose-app.ts'
import { createFunctionHost } from '../functions/function-host.ts'

const LIMIT_MS = 120_000

/** Answers every message with one pass over everything: its report, and the CPU time it took in microseconds. */
async function main(): Promise<void> {
  const app = await createFunctionHost({ createApp: composeApp }).app()
  async function pass(): Promise<void> {
    const before = process.cpuUsage()
    const deadline = Date.now() + LIMIT_MS
    const { state, changes, failures, requests } = await app.controllers.resync({ deadline })
    const { user, system } = process.cpuUsage(before)
    app.closeIdle()
    process.send?.({
      state,
      changes: changes.length,
      failures: failures.length,
      requests,
      cpu: user + system,
    })
  }
  process.on('disconnect', () => process.exit())
  process.on('message', () => void pass())
  process.send?.('ready')
}

await main()
