# Are the true risks in truth.json those that R's survival and cmprsk find in the tables?
#
#   calcpci generate --scenario linked.toml --procedures 100000 --seed 1 --out registry/
#   Rscript recover_risks.R registry/ [more folders] [--csv table.csv]
#
# linked.toml: extends = "default", and in [site_changes."*"] followup_source = "linkage". Every hospital follows to one cut-off
# then, so that the Aalen-Johansen estimate needs no second clock. Devices must not act, as in default: what everybody would have under
# one strategy is then what everybody had. Prints z = (estimate - truth) / joint error, and how far cmprsk and the Fine-Gray
# weights of survival are from Aalen-Johansen. Needs survival, cmprsk and jsonlite.

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])), "recover_hazards.R"))
suppressPackageStartupMessages(library(cmprsk))

HORIZONS <- c(30, 365, 1095)

# Day of the endpoint and of the death that competes with it.
endpoint_days <- function(patients) {
  first <- function(...) pmin(..., na.rm = TRUE)
  with(patients, {
    death <- first(day_cardiac_death, day_noncardiac_death)
    mi <- first(day_mi, day_mi_linked)
    tlr <- first(day_tlr, day_tlr_linked)
    tvr <- first(tlr, day_tvr_non_tl)
    none <- rep(NA_integer_, length(death))
    list(
      death_mi_tvr = list(event = first(death, mi, tvr), competing = none), all_cause_death = list(event = death, competing = none),
      cardiac_death = list(event = day_cardiac_death, competing = day_noncardiac_death),
      mi = list(event = mi, competing = death), tlr = list(event = tlr, competing = death), tvr = list(event = tvr, competing = death)
    )
  })
}

# An event on the day of death came before it.
as_outcome <- function(days, clock) {
  event <- ifelse(is.na(days$event), Inf, days$event)
  competing <- ifelse(is.na(days$competing), Inf, days$competing)
  time <- pmin(event, competing, clock)
  state <- ifelse(event <= time, 1, ifelse(competing <= time, 2, 0))
  data.frame(time = time, state = factor(state, 0:2, c("censored", "event", "competing")))
}

estimate_risks <- function(outcome) {
  fit <- survfit(Surv(time, state) ~ 1, outcome)
  at <- summary(fit, times = HORIZONS)
  place <- match("event", fit$states)
  data.frame(what = "risk", day = HORIZONS, estimate = at$pstate[, place], error = at$std.err[, place],
             others_off_by = others_off_by(outcome))
}

# By how much cmprsk and the Fine-Gray weights differ from Aalen-Johansen, in some patients: the weights need a row per day of
# censoring for everybody who left otherwise.
others_off_by <- function(outcome) {
  some <- outcome[seq_len(min(nrow(outcome), 2000)), ]
  if (!all(c("event", "competing") %in% some$state)) return(NA)
  fit <- survfit(Surv(time, state) ~ 1, some)
  risk <- summary(fit, times = HORIZONS)$pstate[, match("event", fit$states)]
  gray <- timepoints(cuminc(some$time, as.integer(some$state) - 1), HORIZONS)$est[1, ]
  weighted <- finegray(Surv(time, state) ~ ., some, etype = "event")
  fine <- summary(survfit(Surv(fgstart, fgstop, fgstatus) ~ 1, weighted, weights = fgwt), times = HORIZONS)
  pmax(abs(gray - risk), abs(1 - fine$surv - risk))
}

estimate_free_days <- function(outcome) {
  rows <- lapply(HORIZONS, function(day) {
    found <- survival:::survmean(survfit(Surv(time, state == "event") ~ 1, outcome), rmean = day)$matrix
    data.frame(what = "free_days", day = day, estimate = found[["rmean"]], error = found[["se(rmean)"]], others_off_by = NA)
  })
  do.call(rbind, rows)
}

truth_of <- function(truth, endpoint) {
  rows <- Filter(function(row) row$endpoint == endpoint && row$population == "all" && row$strategy == "plain_balloon", truth$marginal$risks)
  value <- function(key) vapply(rows, function(row) if (is.null(row[[key]])) NA_real_ else row[[key]], 0)
  day <- vapply(rows, function(row) row$horizon_days, 0)
  list(day = day, risk = value("risk"), risk_error = value("risk_error"), free_days = value("free_days"),
       free_days_error = value("free_days_error"))
}

recover <- function(folder) {
  registry <- read_registry(folder)
  truth <- registry$truth
  patients <- add_first_days(add_clocks(index_patients(registry), registry$follow_up), registry$events)
  days <- endpoint_days(patients)
  rows <- lapply(names(days), function(endpoint) {
    fatal <- grepl("death$", endpoint)
    outcome <- as_outcome(days[[endpoint]], if (fatal) patients$death_clock else patients$event_clock)
    found <- rbind(estimate_risks(outcome), if (all(is.na(days[[endpoint]]$competing))) estimate_free_days(outcome))
    true <- truth_of(truth, endpoint)
    at <- match(found$day, true$day)
    found$truth <- ifelse(found$what == "risk", true$risk[at], true$free_days[at])
    found$truth_error <- ifelse(found$what == "risk", true$risk_error[at], true$free_days_error[at])
    cbind(cause = endpoint, found)
  })
  rows <- do.call(rbind, rows)
  rows$z <- (rows$estimate - rows$truth) / sqrt(rows$error^2 + rows$truth_error^2)
  cbind(scenario = truth$scenario, seed = truth$seed, rows)
}

main <- function(arguments) {
  at <- match("--csv", arguments)
  folders <- if (is.na(at)) arguments else arguments[-c(at, at + 1)]
  table <- do.call(rbind, lapply(folders, recover))
  if (!is.na(at)) write.csv(format(table, digits = 6, trim = TRUE), arguments[at + 1], row.names = FALSE, quote = FALSE)
  print(format(table, digits = 4), row.names = FALSE)
  cat(sprintf("\n%s, survival %s, cmprsk %s: largest |z| %.1f, largest difference of cmprsk or Fine-Gray weights %.1e\n", R.version.string,
              packageVersion("survival"), packageVersion("cmprsk"), max(abs(table$z)), max(table$others_off_by, na.rm = TRUE)))
}

if (sys.nframe() == 0) main(commandArgs(trailingOnly = TRUE))
