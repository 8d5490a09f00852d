import type { KubeObject } from '../objects.ts'
import type { ResourceView } from '../resources.ts'

/** Fields of events.k8s.io/v1 that core/v1 calls otherwise; the others have the same name in both. */
const CORE_NAMES: Readonly<Record<string, string>> = {
  note: 'message',
  regarding: 'involvedObject',
  reportingController: 'reportingComponent',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
}
const NEW_NAMES = Object.fromEntries(Object.entries(CORE_NAMES).map(([view, core]) => [core, view]))

const renamed = (
  object: KubeObject,
  names: Readonly<Record<string, string>>,
  apiVersion: string,
): KubeObject => ({
  ...Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name] ?? name, value])),
  kind: object.kind,
  metadata: object.metadata,
  apiVersion,
})

/** The one store of events under its second name. */
export const eventView: ResourceView = {
  of: 'events',
  toStored: event => renamed(event, CORE_NAMES, 'v1'),
  fromStored: event => renamed(event, NEW_NAMES, 'events.k8s.io/v1'),
}
