/** {@code weir data}: looks at a data directory, writes its series out, brings series in. No gateway runs meanwhile. */
package io.weir.server.data;
