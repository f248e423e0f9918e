# Each target is one line; what takes more is in bin/ or in the operator's command (bin/quintet --help).
.DEFAULT_GOAL := help
.PHONY: help setup up down status env logs demo chaos faults test e2e compose-test check fix contracts lock

given = $(and $(findstring command,$(origin $(1))),$($(1)))# a variable counts where it is typed after make, not in the environment
STATE ?= var
SCALES = $(foreach pair,AUTH:auth DATA:data REALTIME:realtime MAIL:mail WORKER:worker,$(call scale,$(subst :, ,$(pair))))
scale = $(if $(call given,$(word 1,$(1))),--scale $(word 2,$(1))=$(call given,$(word 1,$(1))))
CHOICES = $(if $(DATABASE),--database $(DATABASE)) $(if $(BROKER),--broker $(BROKER)) $(if $(PORT),--port $(PORT)) $(if $(MAIL_PORT),--mail-port $(MAIL_PORT)) $(SCALES)
SETS = local $(if $(filter postgres,$(DATABASE)),postgres)

help: ## Show these words
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'
setup: .venv/local.installed ## Make the environment, without starting anything
up: $(SETS:%=.venv/%.installed) ## Start everything [DATABASE=postgres] [BROKER=rabbitmq] [PORT=8080] [DATA=2] [REALTIME=2] [STATE=var]
	@bin/quintet up --state "$(STATE)" $(CHOICES)
down: .venv/local.installed ## End every process of the system
	@bin/quintet down --state "$(STATE)"
status: .venv/local.installed ## Show process, pid, memory, ready, since
	@bin/quintet status --state "$(STATE)"
env: .venv/local.installed ## Write .env for docker-compose, its secrets generated
	@bin/quintet env
logs: .venv/local.installed ## Follow the logs [L=data]
	@bin/quintet logs --state "$(STATE)" $(L)
demo: .venv/local.installed ## Play the story through the gateway
	@.venv/bin/python -m demo.story
chaos: $(SETS:%=.venv/%.installed) ## Break a whole system at random and show that nothing was lost [DURATION=180] [SEED=7] [DATABASE=postgres] [BROKER=rabbitmq]
	@.venv/bin/python -m chaos $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED)) $(if $(DATABASE),--database $(DATABASE)) $(if $(BROKER),--broker $(BROKER))
faults: .venv/dev.installed ## Hit real processes at every step and write down what held [T="relay killed"] [BROKER=redis]
	@.venv/bin/python -m tests.faults $(T) $(if $(BROKER),--broker $(BROKER))
test: .venv/dev.installed ## Run all tests [T=services/auth]
	@bin/test $(T)
e2e: .venv/dev.installed ## Run only the scenarios through the gateway
	@bin/test -m e2e
compose-test: .venv/dev.installed ## Bring containers up, play all that applies on them, take them down
	@.venv/bin/python -m tests.containers $(T)
check: .venv/dev.installed ## Look for style slips and forbidden imports
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports
fix: .venv/dev.installed ## Mend the style slips that can be mended by a machine
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .
contracts: .venv/dev.installed ## Write the golden schemas and generated pages anew
	@bin/contracts
lock: .venv/dev.installed ## Resolve the locks anew from the requirements.in files [UPGRADE=1]
	@bin/lock $(if $(UPGRADE),--upgrade)

.venv/%.installed: requirements/%.txt requirements/bootstrap.txt
	@bin/install $*
