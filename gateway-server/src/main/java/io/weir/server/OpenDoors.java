package io.weir.server;

import io.weir.server.auth.Scope;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;

/**
 * What others than this machine may do without saying who they are. Immutable, any thread.
 *
 * @param addresses that are listened on beyond loopback
 * @param scopes by their words
 */
record OpenDoors(List<String> addresses, List<String> scopes) {
    /**
     * Null when there is nothing to warn of.
     *
     * @param knowsClients whether only clients with a known certificate get a connection
     */
    static OpenDoors of(List<InetSocketAddress> listening, List<Scope> open, boolean knowsClients) {
        List<String> reachable = listening.stream()
                .filter(address -> !address.getAddress().isLoopbackAddress())
                .map(address -> address.getAddress().getHostAddress() + ":" + address.getPort())
                .toList();
        if (reachable.isEmpty() || open.isEmpty() || knowsClients) {
            return null;
        }
        return new OpenDoors(
                reachable, open.stream().map(scope -> scope.name().toLowerCase(Locale.ROOT)).toList());
    }
}
