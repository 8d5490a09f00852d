import type { Clock } from '../../clock.ts'
import { StoryError } from './contract.ts'
import type { Stage } from './stage.ts'

interface Event {
  readonly reason: string
  readonly message: string
  readonly involvedObject: { readonly name: string }
}

/** Five passes: nothing in the story takes longer, however busy the machine is. */
const PATIENCE_MS = 30_000
const POLL_MS = 50

/** Events about a node, as `kubectl describe node` shows them. */
export function listEvents({ kubernetes }: Pick<Stage, 'kubernetes'>, name: string): Event[] {
  return kubernetes.store.list<Event>('events').filter(({ involvedObject }) => involvedObject.name === name)
}

/** Waits for an event of that reason. @returns its message @throws StoryError */
export async function untilEvent(
  { stage, clock }: { readonly stage: Pick<Stage, 'kubernetes'>; readonly clock: Clock },
  name: string,
  reason: string,
): Promise<string> {
  const giveUpAt = clock.now() + PATIENCE_MS
  for (;;) {
    const event = listEvents(stage, name).find(known => known.reason === reason)
    if (event) return event.message
    if (clock.now() > giveUpAt) throw new StoryError(`${name} has an event ${reason}`)
    await clock.sleep(POLL_MS)
  }
}
