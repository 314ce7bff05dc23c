/** For the log: the risk if no admission policy fences our identity. */
export const UNFENCED =
  'no admission policy fences the ServiceAccount of this process: anyone who has its token can make the pull secret a service-account-token secret, and get the rights of any ServiceAccount in the namespaces that it writes to; see docs/troubleshooting.md#the-identity-is-not-fenced';
