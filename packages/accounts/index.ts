export { checkAccountName } from './names.ts';
export { checkNewPassword, longestPassword } from './password-rules.ts';
export { generatePassword, hashPassword, passwordFits } from './passwords.ts';
export { holds, isRole, type Privilege, privileges, type Role, roles } from './roles.ts';
