// What the address says: `#/service?service=nginx&port=80`. Each view has a link that opens it.

/** {view, params} of the address. */
export function route() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  return {view: path || 'services', params: new URLSearchParams(query)};
}

export function link(view, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '' && value !== null && value !== undefined));
  return `#/${view}${query.size ? `?${query}` : ''}`;
}

/** The same view with some parameters changed; '' takes one away. No step of the history. */
export function change(changes) {
  const {view, params} = route();
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') params.delete(name);
    else params.set(name, value);
  }
  history.replaceState(null, '', link(view, Object.fromEntries(params)));
}

/** The parameters that name a service. */
export const serviceParams = (line) => ({
  service: line.comm, role: line.role, port: String(line.port), netns: line.netns, container: line.container,
});
