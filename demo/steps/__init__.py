"""The steps of the story, each a function of the stage that raises DidNotHappen where it did not."""

from demo.steps.accounts import ada_registers_by_mail_and_signs_in
from demo.steps.airports import an_admin_imports_the_airports
from demo.steps.burst import redis_is_flushed_in_the_middle_of_a_burst
from demo.steps.chat import ada_and_ben_chat_and_cleo_reads_it_later
from demo.steps.computation import ada_computes_the_nearest_airports
from demo.steps.live import ben_comes_back_and_has_missed_nothing, ben_watches_alaska
from demo.steps.photograph import ada_uploads_a_photograph
from demo.steps.timeline import the_photograph_s_trace_is_shown

STEPS = (
    ("Ada registers, follows the mailed link and signs in", ada_registers_by_mail_and_signs_in),
    ("An admin creates the collection and imports 3,376 airports", an_admin_imports_the_airports),
    ("Ben watches Alaska over Socket.IO while Ada adds airports", ben_watches_alaska),
    ("Ben's network drops; he comes back and has missed nothing", ben_comes_back_and_has_missed_nothing),
    ("Ada uploads a photograph and a job makes its thumbnail", ada_uploads_a_photograph),
    ("Ada computes the nearest airport of each", ada_computes_the_nearest_airports),
    ("Redis is flushed in the middle of 200 writes", redis_is_flushed_in_the_middle_of_a_burst),
    ("Ada and Ben chat; Cleo joins late and reads the history", ada_and_ben_chat_and_cleo_reads_it_later),
    ("The trace of the photograph as a timeline", the_photograph_s_trace_is_shown),
)
