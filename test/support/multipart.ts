/** One part of a form whose boundary is `edge`; `more` follows its name. */
export const part = (name: string, content: string, more = '') =>
  `--edge\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;
