import type { Distribution, DistributionName } from './contract.ts'
import { k3s } from './k3s.ts'
import { kubeadm } from './kubeadm.ts'
import { rke2 } from './rke2.ts'
import { talos } from './talos.ts'

export const DISTRIBUTIONS: Readonly<Record<DistributionName, Distribution>> = { kubeadm, k3s, rke2, talos }
