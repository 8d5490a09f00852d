import type { TargetReport } from '../contract.ts'
export async function attackEndpoints(): Promise<readonly TargetReport[]> {
  return []
}
