package io.weir.server.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.weir.server.auth.Bcrypt;
import io.weir.server.config.ExitCode;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.List;

/** {@code weir hash-password}: a line for {@code basic_auth_users}. */
final class HashPasswordCommand implements Command {
    @Override
    public String name() {
        return "hash-password";
    }

    @Override
    public String summary() {
        return "Hash a password for basic_auth_users of the web configuration";
    }

    @Override
    public List<Flag> flags() {
        return List.of(Flag.value(
                "--cost",
                "N",
                "work to verify it, " + Bcrypt.COST_MIN + " to " + Bcrypt.COST_MAX + "; one more doubles it ("
                        + Bcrypt.COST_DEFAULT + ")"));
    }

    @Override
    public List<String> examples() {
        return List.of(
                "weir hash-password                      # asks for it twice",
                "weir hash-password < password.txt       # takes the first line",
                "printf '%s' \"$PASSWORD\" | weir hash-password --cost=12");
    }

    @Override
    public int run(Arguments arguments, Terminal terminal) throws CommandException, IOException {
        if (!arguments.operands().isEmpty()) {
            throw CommandException.usage("hash-password: a password is not an argument, others could see it;"
                    + " it is asked for or read from standard input");
        }
        String cost = arguments.value("--cost").orElse(Integer.toString(Bcrypt.COST_DEFAULT));
        if (!cost.matches("[0-9]{1,2}")
                || Integer.parseInt(cost) < Bcrypt.COST_MIN
                || Integer.parseInt(cost) > Bcrypt.COST_MAX) {
            throw CommandException.usage("hash-password: --cost: expected " + Bcrypt.COST_MIN + " to " + Bcrypt.COST_MAX);
        }
        Console console = System.console();
        String password = console == null || console.reader() == null ? read(terminal) : ask(console);
        if (password == null || password.isEmpty()) {
            throw CommandException.failure("hash-password: no password came");
        }
        if (password.getBytes(UTF_8).length > Bcrypt.PASSWORD_BYTES_MAX) {
            throw CommandException.failure(
                    "hash-password: bcrypt takes " + Bcrypt.PASSWORD_BYTES_MAX + " bytes at most, this is longer");
        }
        terminal.out().println(Bcrypt.hash(password, Integer.parseInt(cost)));
        return ExitCode.OK;
    }

    private static String read(Terminal terminal) throws IOException {
        return new BufferedReader(new InputStreamReader(terminal.in(), UTF_8)).readLine();
    }

    private static String ask(Console console) throws CommandException {
        char[] first = console.readPassword("password: ");
        char[] second = console.readPassword("again:    ");
        if (first == null || !Arrays.equals(first, second)) {
            throw CommandException.failure("hash-password: the two are not the same");
        }
        return new String(first);
    }
}
