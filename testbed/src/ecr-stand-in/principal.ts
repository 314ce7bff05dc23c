/** Who made a call: a user, or the session of a role. */
export interface Principal {
  /** The 12 digits of the AWS account. */
  readonly account: string;
  /** `arn:aws:iam::…:user/…` or `arn:aws:sts::…:assumed-role/…/…`. */
  readonly arn: string;
  /** The role of a session; `undefined` for a user. */
  readonly roleArn: string | undefined;
}

/** The principal of a user's access key. */
export function userPrincipal(account: string, userName: string): Principal {
  return { account, arn: `arn:aws:iam::${account}:user/${userName}`, roleArn: undefined };
}

/** The principal of a role's session; a role's path is not part of its sessions' ARNs. */
export function sessionPrincipal(roleArn: string, sessionName: string): Principal {
  const [, partition = '', , , account = ''] = roleArn.split(':');
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const arn = `arn:${partition}:sts::${account}:assumed-role/${roleName}/${sessionName}`;
  return { account, arn, roleArn };
}

/**
 * Whether a policy's principal element means this principal: its ARN, its role's ARN, or its account
 * as 12 digits or as `arn:…:root`.
 */
export function isPrincipalNamed(principal: Principal, element: string): boolean {
  if (element === principal.arn || element === principal.roleArn) return true;
  if (element === principal.account) return true;
  return element.startsWith('arn:') && element.endsWith(`:iam::${principal.account}:root`);
}
