import { readFile } from 'node:fs/promises'
import { startFromSettings } from '../../../functions/serve.ts'
import { systemClock } from '../../../shared/clock.ts'
import { type Host, type HostInputs, toServeEnvironment } from './host.ts'

/** `serve` in the test's own process. */
export async function startSources(inputs: HostInputs): Promise<Host> {
  const lines: string[] = []
  const env = await toServeEnvironment(inputs)
  const io = {
    out: (): void => {},
    err: (line: string): void => void lines.push(line),
    env,
    readFile: (path: string) => readFile(path, 'utf8'),
    clock: systemClock,
    stop: new AbortController().signal,
  }
  const serving = await startFromSettings({ env }, io)
  inputs.t.teardown(() => serving.close())
  return {
    url: `https://127.0.0.1:${serving.port}`,
    log: () => lines.join(''),
    pending: () => serving.queue.size(),
    processes: 1,
  }
}
