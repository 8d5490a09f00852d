import type { KubeService } from '../kubernetes/types.ts'
import type { AnnouncerFields } from './contract.ts'
import { annotationOf, readAnnotation, saysExactly } from './requests.ts'

/** Annotations to write; null removes. */
export type Annotations = Readonly<Record<string, string | null>>

/** The fields for these annotations, as far as the Service does not have them so already. */
export function toFields(service: KubeService, wanted: Annotations): AnnouncerFields {
  const changed = Object.entries(wanted).filter(
    ([key, value]) => value !== (annotationOf(service, key) ?? null),
  )
  return changed.length === 0 ? {} : { annotations: Object.fromEntries(changed) }
}

/** Removes an annotation where it has the value that we give it. */
export const withoutMark = (service: KubeService, key: string, value: string): Annotations =>
  annotationOf(service, key) === value ? { [key]: null } : {}

/** Removes the annotation where it holds exactly the addresses that we chose. */
export function withoutAssigned(service: KubeService, key: string, assigned: readonly string[]): Annotations {
  const isOurs = assigned.length > 0 && saysExactly(readAnnotation(service, [key]), assigned)
  return isOurs ? { [key]: null } : {}
}
