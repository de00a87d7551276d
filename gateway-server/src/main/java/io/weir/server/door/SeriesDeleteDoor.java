package io.weir.server.door;

import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.Exchange;
import io.weir.server.http.QueryReader;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;
import io.weir.store.Selectors;
import io.weir.store.StoreCommands;
import io.weir.store.StoreCommands.Swept;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code DELETE /api/v1/series?match[]=SELECTOR}: ends every series that any of the selectors chooses, of groups and others; with
 * {@code dry_run=true} it only counts them. Answers once that is done. Any thread.
 */
final class SeriesDeleteDoor implements Door {
    private final StoreCommands commands;
    private final Ends ends;

    SeriesDeleteDoor(StoreCommands commands, Ends ends) {
        this.commands = commands;
        this.ends = ends;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        return new Exchange() {
            @Override
            public void end(byte[] buffer, int offset, int length) {
                delete(request, responder);
            }
        };
    }

    private void delete(Request request, Responder responder) {
        Selectors selectors;
        boolean dry;
        try {
            List<String> match = new ArrayList<>();
            dry = read(request, match);
            selectors = SelectorText.read(match);
        } catch (SelectorText.BadSelector e) {
            responder.fail(400, e.getMessage());
            return;
        }
        Ack ack = ends.ack(request, responder, false);
        if (ack == null) {
            return;
        }
        if (!commands.sweep(selectors, dry, swept -> swept(swept, dry, ack, responder))) {
            Refuse.busy(responder);
        }
    }

    /** Whether series are only to be counted. */
    private static boolean read(Request request, List<String> match) throws SelectorText.BadSelector {
        boolean dry = false;
        QueryReader query = new QueryReader(request.query() == null ? "" : request.query(), 0);
        while (query.next()) {
            String name = query.name();
            String value = query.value();
            if (name == null || value == null) {
                throw new SelectorText.BadSelector("'%' must be followed by two hexadecimal digits");
            }
            switch (name) {
                case "match[]", "match" -> match.add(value);
                case "dry_run" -> {
                    dry = value.equals("true");
                    if (!dry && !value.equals("false")) {
                        throw new SelectorText.BadSelector("dry_run is true or false, not \"" + value + '"');
                    }
                }
                case "ack" -> {}
                // a misspelt parameter must not delete more than was meant
                default -> throw new SelectorText.BadSelector(
                        "unknown parameter \"" + name + "\", there are match[], dry_run and ack");
            }
        }
        if (match.isEmpty()) {
            throw new SelectorText.BadSelector("say which series by match[]=, such as match[]={job=\"backup\",instance=~\"db.*\"}");
        }
        return dry;
    }

    /** On the keeper's thread. */
    private void swept(Swept swept, boolean dry, Ack ack, Responder responder) {
        switch (swept.state()) {
            case BUSY -> responder.later(() -> Refuse.busy(responder));
            case UNKNOWN -> responder.later(responder::breakOff);
            case REFUSED -> ends.refused(swept.series(), responder);
            case DONE -> {
                Answer answer = answer(swept, dry);
                if (dry) {
                    responder.later(() -> responder.send(answer));
                } else {
                    ends.done(answer, ack, responder);
                }
            }
        }
    }

    private static Answer answer(Swept swept, boolean dry) {
        StringBuilder json = new StringBuilder(dry ? "{\"would_delete\":" : "{\"deleted\":").append(swept.series());
        json.append(",\"families\":{");
        String between = "";
        for (Map.Entry<String, Long> family : swept.families().entrySet()) {
            ApiAnswers.string(json.append(between), family.getKey());
            json.append(':').append((long) family.getValue());
            between = ",";
        }
        return ApiAnswers.success(json.append("}}").toString());
    }
}
