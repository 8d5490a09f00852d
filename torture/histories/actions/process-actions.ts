import { NAME, NAMESPACE } from '../../../shared/kubernetes/names.ts'
import type { Process } from '../../world/contract.ts'
import { type Action, defineAction } from './action.ts'
import { USER } from './services.ts'

const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`

/** As `resync` on a command line: a process that ends with its work, whatever came of it. */
async function passOnce(process: Process, dryRun: boolean): Promise<string> {
  try {
    const report = await process.pass({ dryRun })
    return `${report?.state}, ${report?.changes.length} changes`
  } catch (error) {
    return String(error)
  } finally {
    process.kill()
  }
}

const operators: readonly Action[] = [
  defineAction('a pass by hand', 3, stage => {
    const process = stage.world.start({ host: 'none' })
    stage.tell(`${process.name}: a pass by hand`)
    stage.during(async () => {
      const end = await passOnce(process, false)
      stage.tell(`  ${process.name}: ${end}`)
    })
    return true
  }),
  defineAction('a dry run', 2, stage => {
    const process = stage.world.start({ host: 'none' })
    stage.tell(`${process.name}: a dry run`)
    stage.during(async () => void (await passOnce(process, true)))
    return true
  }),
  defineAction('the inventory is lost', 2, stage => {
    stage.send(USER, { method: 'DELETE', path: `${CONFIG_MAPS}/${NAME}` }, 'delete the inventory')
    return true
  }),
]

const processes: readonly Action[] = [
  defineAction('roll out', 2, (stage, picks) => {
    const place = picks.of(stage.supervisor.places.filter(({ process }) => process.isAlive()))
    if (!place) return false
    stage.tell(`${place.process.name} is replaced`)
    stage.supervisor.replace(place)
    return true
  }),
  defineAction('nothing', 6, () => true),
]

export const PROCESS_ACTIONS: readonly Action[] = [...operators, ...processes]
