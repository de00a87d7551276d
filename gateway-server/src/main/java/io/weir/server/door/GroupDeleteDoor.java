package io.weir.server.door;

import io.weir.ingest.Batch;
import io.weir.ingest.Ingest;
import io.weir.ingest.RefusedLines;
import io.weir.sample.Code;
import io.weir.server.http.Answer;
import io.weir.server.http.Door;
import io.weir.server.http.EventLoopContext;
import io.weir.server.http.Exchange;
import io.weir.server.http.Request;
import io.weir.server.http.Responder;

/**
 * {@code DELETE /metrics/job/...}: ends the group of exactly this key, and answers 202 whether there was one or not. It goes
 * the way of pushes, so it keeps its place among them. Any thread.
 */
final class GroupDeleteDoor implements Door {
    private static final Answer[] ACCEPTED = Ack.answers(ack -> Answer.empty(202, Ack.HEADER, ack.label()));

    private final GroupPushes groups;
    private final Keeping keeping;

    GroupDeleteDoor(GroupPushes groups, Keeping keeping) {
        this.groups = groups;
        this.keeping = keeping;
    }

    @Override
    public Exchange open(Request request, Responder responder) {
        GroupPushes.Target target;
        try {
            target = groups.target(request, responder.context());
        } catch (GroupPushes.BadRequest e) {
            responder.fail(400, e.getMessage());
            return Exchange.NONE;
        }
        Deletion deletion = new Deletion(target, responder.context());
        String problem = deletion.submission.open(request, responder, false);
        if (problem != null) {
            responder.fail(400, problem);
            return Exchange.NONE;
        }
        deletion.submission.group(target.key());
        return deletion;
    }

    private final class Deletion implements Exchange, Submission.Owner {
        private final GroupPushes.Target target;
        private final Ingest ingest;
        private final Submission submission;
        private Batch batch;

        Deletion(GroupPushes.Target target, EventLoopContext context) {
            this.target = target;
            this.ingest = context.ingest();
            this.submission = new Submission(this, context, keeping);
        }

        @Override
        public void end(byte[] buffer, int offset, int length) {
            batch = target.open(ingest);
            Code code = submission.submit(batch, false);
            if (code != Code.OK) {
                Responder answering = submission.refuse(Refuse.text(code, keeping.failure().get()));
                over();
                Refuse.with(answering, code, Refuse.text(code, keeping.failure().get()));
            }
        }

        @Override
        public Answer answer(Batch accepted, RefusedLines refused, Ack ack, boolean applied) {
            return ACCEPTED[ack.ordinal()];
        }

        @Override
        public void applied(Batch accepted, RefusedLines refused) {}

        @Override
        public boolean isPush() {
            return false;
        }

        @Override
        public void over() {
            ingest.close(batch);
        }
    }
}
