import type { TargetReport } from './contract.ts'
export async function measureGrowth(): Promise<readonly TargetReport[]> {
  return []
}
