import { systemClock } from '../../clock.ts'
import { CcmError } from '../../errors.ts'
import type { DemoIo } from './contract.ts'
import { createNarrator } from './narrator.ts'

export type { DemoIo, ProgramRun, RunProgram } from './contract.ts'

const ONCE = '--once'

/**
 * The demo: both simulators, the real controller between them, and a story with measured numbers.
 *
 * @param argv what stands after `demo`: nothing, or `--once` to end with the story
 * @returns exit code 0: the story came out as told, or Ctrl-C ended it; 1: it did not
 * @throws CcmError CCM_USAGE
 */
export async function runDemo(argv: readonly string[], io: DemoIo): Promise<number> {
  const unknown = argv.filter(argument => argument !== ONCE)
  if (unknown.length > 0) throw new CcmError('CCM_USAGE', `demo does not know ${unknown.join(' ')}`)
  const narrator = createNarrator({ ...io, now: () => systemClock.now() })
  narrator.title('phoenixNAP cloud controller: the real program on a simulated BMC API and Kubernetes API.')
  narrator.say('The columns BMC and Kubernetes count what the controller asks of them (r: reads, w: writes).')
  narrator.say()
  narrator.columns()
  // Only now: the first line is there before the simulators are loaded.
  const { play } = await import('./play.ts')
  const outcome = await play({ ...io, narrator, once: argv.includes(ONCE) })
  if (io.signal.aborted) narrator.say('Ended: everything is closed, and nothing is left behind.')
  return outcome === 'otherwise' ? 1 : 0
}
