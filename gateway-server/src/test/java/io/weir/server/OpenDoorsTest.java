package io.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.weir.server.auth.Access;
import io.weir.server.auth.AuthConfig;
import io.weir.server.auth.Bcrypt;
import io.weir.server.auth.Digest;
import io.weir.server.auth.Guard;
import io.weir.server.auth.Scope;
import io.weir.server.auth.Token;
import io.weir.server.auth.WebRules;
import io.weir.server.telemetry.Telemetry;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpenDoorsTest {
    private final Access access = new Access(new Telemetry(), () -> 0);

    @Test
    void shouldWarnOnlyOfAddressesThatOthersReach() throws Exception {
        assertThat(warning("127.0.0.1", "127.0.0.5", "::1")).isNull();
        OpenDoors open = warning("127.0.0.1", "0.0.0.0", "192.0.2.1");
        assertThat(open.addresses()).containsExactly("0.0.0.0:9091", "192.0.2.1:9091");
        assertThat(open.scopes()).containsExactly("drain", "push", "scrape", "delete", "admin");
        assertThat(warning("::").addresses()).hasSize(1);
    }

    @Test
    void shouldSayWhatIsStillOpen() throws Exception {
        access.apply(new AuthConfig(List.of(), null, Guard.metricsPassword("x"), List.of()), WebRules.NONE);
        assertThat(warning("0.0.0.0").scopes()).containsExactly("drain", "push", "delete", "admin");
        access.apply(AuthConfig.NONE, new WebRules(Map.of(), Map.of("X-Frame-Options", "deny"), 0, 0));
        assertThat(warning("0.0.0.0").scopes()).hasSize(5);
    }

    @Test
    void shouldBeQuietOnceEverybodyIsAsked() throws Exception {
        Token token = new Token("a", Digest.of("t"), Set.of(Scope.PUSH));
        access.apply(new AuthConfig(List.of(token), null, null, List.of()), WebRules.NONE);
        assertThat(warning("0.0.0.0")).isNull();
        access.apply(AuthConfig.NONE, new WebRules(Map.of("a", Bcrypt.parse(Bcrypt.hash("x", 4))), Map.of(), 0, 0));
        assertThat(warning("0.0.0.0")).isNull();
        access.apply(AuthConfig.NONE, WebRules.NONE);
        assertThat(OpenDoors.of(addresses("0.0.0.0"), access.openToAnybody(), true)).isNull();
    }

    private OpenDoors warning(String... hosts) throws Exception {
        return OpenDoors.of(addresses(hosts), access.openToAnybody(), false);
    }

    private static List<InetSocketAddress> addresses(String... hosts) throws Exception {
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (String host : hosts) {
            addresses.add(new InetSocketAddress(InetAddress.getByName(host), 9091));
        }
        return addresses;
    }
}
