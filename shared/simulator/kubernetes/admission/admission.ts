import type { Fields } from '../json.ts'
import type { KubeObject, User } from '../objects.ts'
import type { Resource } from '../resources.ts'

/** What admission is asked about: the object as decoded, before the server's own fields are set. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE'
  readonly resource: Resource
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Absent for DELETE. */
  readonly object: KubeObject | undefined
  /** Absent for CREATE. */
  readonly oldObject: KubeObject | undefined
  readonly user: User
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions with kind and apiVersion. */
  readonly options: Fields
  /** Receives the texts of Warning headers. */
  readonly warnings: string[]
}

/** One admission plugin: the object it leaves behind. @throws ApiError when it refuses the request */
export type Plugin = (request: AdmissionRequest) => KubeObject | undefined

/** Replaces the object; the other fields stay. */
export const withObject = (request: AdmissionRequest, object: KubeObject | undefined): AdmissionRequest => ({
  ...request,
  object,
})
