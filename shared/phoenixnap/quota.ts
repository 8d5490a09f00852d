/** The quota that counts public addresses. */
export const PUBLIC_ADDRESSES = 'bmc.public_ips.max_count'
