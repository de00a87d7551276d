package io.weir.server;

import java.lang.reflect.Proxy;
import org.slf4j.LoggerFactory;

/**
 * SIGHUP as the wish to reload, which operators know from other daemons; left to the JVM it would end the process. The
 * JDK's only door to signals is {@code sun.misc.Signal} of module {@code jdk.unsupported}, so it is asked for by name: where
 * there is none, or no SIGHUP, all stays as it is.
 */
final class HangUp {
    private HangUp() {}

    /** Runs {@code action} for each signal, on a thread of the JVM's. */
    static void run(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object onSignal = Proxy.newProxyInstance(
                    HangUp.class.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        if (method.getDeclaringClass() == handler) {
                            action.run();
                            return null;
                        }
                        return switch (method.getName()) {
                            case "equals" -> proxy == arguments[0];
                            case "hashCode" -> System.identityHashCode(proxy);
                            default -> "reload on SIGHUP";
                        };
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), onSignal);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            LoggerFactory.getLogger(HangUp.class).debug("no reload by SIGHUP here", e);
        }
    }
}
