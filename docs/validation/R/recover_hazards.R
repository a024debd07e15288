# Are the hazards in truth.json those that R's survival finds in the tables?
#
#   calcpci generate --scenario core_lab --procedures 100000 --seed 1 --out registry/
#   Rscript recover_hazards.R registry/ [more folders] [--csv table.csv]
#
# Reads the CSV files of a synthetic registry and its truth.json (docs/synthetic.md says what they mean) and prints, for every
# true coefficient, R's estimate, its standard error and z = (estimate - truth) / standard error. Needs survival and jsonlite.
# Severity is compared only where a core laboratory graded every lesion: operators err.

suppressPackageStartupMessages({
  library(survival)
  library(jsonlite)
})

WEIGHTS_ORDER <- c("plain_balloon", "nc_balloon", "cutting_balloon", "rotational_atherectomy", "intravascular_lithotripsy",
                   "orbital_atherectomy", "elca", "ra_cutting", "ra_ivl", "elca_ra")
GRADES <- c("none", "mild", "moderate", "severe")
DEVICE_LETTERS <- c(nc_balloon = "N", super_high_pressure_balloon = "N", cutting_balloon = "C", scoring_balloon = "C",
                    rotational_atherectomy = "R", intravascular_lithotripsy = "I", orbital_atherectomy = "O", elca = "E")
STRATEGY_OF_LETTERS <- c(N = "nc_balloon", C = "cutting_balloon", R = "rotational_atherectomy", I = "intravascular_lithotripsy",
                         O = "orbital_atherectomy", E = "elca", CR = "ra_cutting", IR = "ra_ivl", ER = "elca_ra")
MIN_EVENTS <- 5  # a coefficient that fewer events bear upon has no normal distribution

# ---- tables -> one row per patient -------------------------------------------------------------------------------------------

COLUMNS <- list(
  procedures = c("procedure_id", "patient_id", "site_id", "procedure_date", "discharge_date", "age_years", "presentation", "smoking",
                 "diabetes", "prior_stroke", "lvef_pct", "ckd", "dialysis"),
  lesions = c("lesion_id", "procedure_id", "lesion_number", "vessel", "calcification_angio", "crossability"),
  device_uses = c("lesion_id", "device_class", "role"),
  follow_up = c("patient_id", "contact_date", "vital_status", "nonfatal_events_assessed"),
  events = c("patient_id", "event_type", "event_date", "death_cause", "mi_type", "target_relation", "planned_staged")
)

read_table <- function(folder, name) {
  path <- file.path(folder, paste0(name, ".csv"))
  header <- scan(path, "", sep = ",", nlines = 1, quiet = TRUE)
  read.csv(path, colClasses = ifelse(header %in% COLUMNS[[name]], NA, "NULL"), stringsAsFactors = FALSE, na.strings = "")
}

read_registry <- function(folder) {
  tables <- lapply(setNames(nm = names(COLUMNS)), function(name) read_table(folder, name))
  tables$truth <- fromJSON(file.path(folder, "truth.json"), simplifyDataFrame = FALSE)
  tables
}

flag <- function(x) ifelse(is.na(x), NA, as.integer(tolower(as.character(x)) == "true"))

# Strategy of a lesion: the devices used on it in the role `modification`; a rescue does not change it.
lesion_strategies <- function(lesions, uses) {
  chosen <- uses[uses$role == "modification", ]
  letters <- tapply(DEVICE_LETTERS[chosen$device_class], chosen$lesion_id, function(x) paste(sort(unique(x)), collapse = ""))
  strategy <- STRATEGY_OF_LETTERS[letters[lesions$lesion_id]]
  dilated <- lesions$lesion_id %in% uses$lesion_id[uses$role == "pre_dilation"]
  unname(ifelse(!is.na(strategy), strategy, ifelse(dilated, "plain_balloon", "no_preparation")))
}

# The leading lesion has the worst grade, then the strategy latest in WEIGHTS_ORDER, then the lowest number.
add_lesions <- function(index, lesions, uses) {
  lesions <- lesions[lesions$procedure_id %in% index$procedure_id, ]
  lesions$strategy <- lesion_strategies(lesions, uses)
  lesions$grade <- match(lesions$calcification_angio, GRADES)
  rank <- pmax(match(lesions$strategy, WEIGHTS_ORDER), 1, na.rm = TRUE)
  ordered <- lesions[order(lesions$procedure_id, -lesions$grade, -rank, lesions$lesion_number), ]
  leading <- ordered[!duplicated(ordered$procedure_id), ]
  at <- match(index$procedure_id, leading$procedure_id)
  index$grade <- factor(GRADES[leading$grade[at]], GRADES)
  index$strategy <- leading$strategy[at]
  index$leading_lesion <- leading$lesion_id[at]
  index$left_main <- as.integer(leading$vessel[at] == "LM")
  index$no_stent <- leading$crossability[at] %in% "wire_failure"
  # one lesion without a grade leaves the worst one unknown
  index$grade[index$procedure_id %in% lesions$procedure_id[is.na(lesions$grade)]] <- NA
  index
}

index_patients <- function(registry) {
  procedures <- registry$procedures
  procedures$date <- as.Date(procedures$procedure_date)
  procedures <- procedures[order(procedures$patient_id, procedures$date, procedures$procedure_id), ]
  index <- procedures[!duplicated(procedures$patient_id), ]
  index$age_per_10_years <- (index$age_years + 0.5 - 66) / 10  # the table has completed years
  index$lvef_per_pct <- index$lvef_pct - 55
  for (name in c("dialysis", "ckd", "prior_stroke")) index[[name]] <- flag(index[[name]])
  index$diabetes <- ifelse(index$diabetes == "unknown", NA, as.integer(index$diabetes != "no"))
  index$current_smoking <- ifelse(index$smoking == "unknown", NA, as.integer(index$smoking == "current"))
  acute <- c("unstable_angina", "nstemi", "stemi", "acs_unspecified")
  index$acute <- ifelse(index$presentation == "unknown", NA, as.integer(index$presentation %in% acute))
  index$site <- index$site_id
  add_lesions(index, registry$lesions, registry$device_uses)
}

# Last day on which a death, and on which another event, would have been known. Day 0 is the index procedure.
add_clocks <- function(index, contacts) {
  contacts$day <- as.integer(as.Date(contacts$contact_date) - index$date[match(contacts$patient_id, index$patient_id)])
  last <- function(rows) {
    day <- tapply(contacts$day[rows], contacts$patient_id[rows], max)
    as.integer(day[index$patient_id])
  }
  stay <- as.integer(as.Date(index$discharge_date) - index$date)
  index$death_clock <- pmax(stay, last(contacts$vital_status != "lost"), na.rm = TRUE)
  index$event_clock <- pmax(stay, last(flag(contacts$nonfatal_events_assessed) == 1), na.rm = TRUE)
  index
}

# Day of the first event of each cause; `*_linked` is what came with a stent thrombosis and is no event of the cause's own hazard.
add_first_days <- function(index, events) {
  events$day <- as.integer(as.Date(events$event_date) - index$date[match(events$patient_id, index$patient_id)])
  thrombosis <- events[events$event_type == "stent_thrombosis", ]
  with_thrombosis <- paste(events$patient_id, events$day) %in% paste(thrombosis$patient_id, thrombosis$day)
  revasc <- events$event_type %in% c("revasc_pci", "revasc_cabg") & !(flag(events$planned_staged) %in% 1)
  lesion <- revasc & events$target_relation %in% "target_lesion"
  kinds <- list(
    cardiac_death = events$event_type == "death" & events$death_cause %in% c("cardiac", "vascular"),
    noncardiac_death = events$event_type == "death" & !(events$death_cause %in% c("cardiac", "vascular")),
    mi = events$event_type == "mi" & !(events$mi_type %in% "stent_related"),
    mi_linked = events$event_type == "mi" & events$mi_type %in% "stent_related",
    tlr = lesion & !with_thrombosis,
    tlr_linked = lesion & with_thrombosis,
    tvr_non_tl = revasc & events$target_relation %in% "target_vessel",
    non_target_revascularisation = revasc & events$target_relation %in% "non_target_vessel",
    stroke = grepl("^stroke", events$event_type),
    stent_thrombosis = events$event_type == "stent_thrombosis"
  )
  for (kind in names(kinds)) {
    day <- tapply(events$day[kinds[[kind]]], events$patient_id[kinds[[kind]]], min)
    index[[paste0("day_", kind)]] <- as.integer(day[index$patient_id])
  }
  index
}

# ---- one cause: who was at risk for how long ---------------------------------------------------------------------------------

# An event on day d ends at time d + 1, and who was watched on day c was watched to c + 1.
at_risk <- function(patients, cause) {
  death <- pmin(patients$day_cardiac_death, patients$day_noncardiac_death, na.rm = TRUE)
  fatal <- cause %in% c("cardiac_death", "noncardiac_death")
  last <- if (fatal) patients$death_clock else pmin(patients$event_clock, death, na.rm = TRUE)
  linked <- patients[[paste0("day_", cause, "_linked")]]
  if (!is.null(linked)) last <- pmin(last, linked, na.rm = TRUE)
  if (cause == "stent_thrombosis") last[patients$no_stent] <- NA  # without a stent there is none
  day <- patients[[paste0("day_", cause)]]
  patients$event <- as.integer(!is.na(day) & day <= last)
  patients$stop <- ifelse(patients$event == 1, day, last) + 1
  patients
}

in_intervals <- function(patients, first_days) {
  survSplit(Surv(stop, event) ~ ., patients, cut = first_days[-1], episode = "interval")
}

# ---- which coefficients the truth has ----------------------------------------------------------------------------------------

# Sites and devices that act on a cause, or are worth a look because they should not.
watched_devices <- function(truth, cause) {
  effects <- truth$hazards[[cause]]$device_hazard_ratio
  acting <- names(Filter(function(x) any(unlist(x) != 1), effects))
  union(acting, c("rotational_atherectomy", "intravascular_lithotripsy"))
}

watched_sites <- function(truth) names(Filter(function(x) x$event_hazard_ratio != 1, truth$sites))

site_terms <- function(data, truth) {
  for (site in watched_sites(truth)) {
    from <- truth$sites[[site]]$effect_from
    begun <- if (is.null(from)) rep(TRUE, nrow(data)) else data$date >= as.Date(from)
    data[[paste0("site_", site)]] <- as.integer(data$site == site & begun)
    if (!is.null(from)) data[[paste0("site_", site, "_before")]] <- as.integer(data$site == site & !begun)
  }
  data
}

device_terms <- function(data, truth, cause) {
  for (device in watched_devices(truth, cause)) {
    ratio <- unlist(truth$hazards[[cause]]$device_hazard_ratio[[device]])
    given <- as.integer(data$strategy == device)
    if (length(unique(ratio)) == 1) {
      data[[paste0("device_", device)]] <- given
    } else {
      for (k in seq_along(ratio)) data[[paste0("device_", device, "_", k)]] <- given * (data$interval == k)
    }
  }
  data
}

true_value <- function(term, truth, cause) {
  hazards <- truth$hazards[[cause]]
  if (grepl("^interval", term)) return(hazards$per_day$none[[as.integer(sub("interval", "", term))]])
  if (grepl("^grade", term)) return(hazards$severity_hazard_ratio[[sub("grade", "", term)]])
  if (grepl("^site_.*_before$", term)) return(1)
  if (grepl("^site_", term)) {
    return(if (hazards$device_effect) truth$sites[[sub("site_", "", term)]]$event_hazard_ratio else 1)
  }
  if (grepl("^device_", term)) {
    ratio <- unlist(hazards$device_hazard_ratio[[sub("_[1-9]$", "", sub("device_", "", term))]])
    return(if (grepl("_[1-9]$", term)) ratio[as.integer(sub(".*_", "", term))] else ratio[1])
  }
  hazards$covariate_hazard_ratio[[term]]
}

# ---- estimation --------------------------------------------------------------------------------------------------------------

# Ratios by Cox's model. Where a device acts differently early and late, follow-up is split at the breaks.
fit_cause <- function(patients, truth, cause) {
  hazards <- truth$hazards[[cause]]
  first_days <- unlist(truth$time$interval_first_days)
  used <- c("patient_id", "date", "site", "strategy", "grade", "stop", "event", names(hazards$covariate_hazard_ratio))
  patients <- site_terms(na.omit(at_risk(patients, cause)[, used]), truth)
  changing <- any(vapply(hazards$device_hazard_ratio, function(x) length(unique(unlist(x))) > 1, NA))
  data <- device_terms(if (changing) in_intervals(patients, first_days) else cbind(patients, tstart = 0, interval = 1), truth, cause)
  added <- grep("^(device|site)_", names(data), value = TRUE)
  terms <- c("grade", names(hazards$covariate_hazard_ratio), added[vapply(data[added], sum, 0) > 0])
  cox <- coxph(reformulate(terms, "Surv(tstart, stop, event)"), data, ties = "efron")
  ratios <- estimates(coef(cox), sqrt(diag(vcov(cox))), "coxph")
  ratios$events <- vapply(ratios$term, function(term) events_behind(term, data), 0)
  baseline <- lapply(seq_along(first_days), function(k) {
    baseline_hazard(device_terms(cbind(patients, interval = k), truth, cause), cox, terms, c(first_days, Inf)[k + 0:1])
  })
  baseline <- do.call(rbind, baseline)
  baseline$term <- paste0("interval", seq_along(first_days))
  rbind(ratios, baseline)[, c("term", "by", "events", "log_estimate", "error")]
}

# Hazard per day of the reference patient from one day to the next break: events over person-days, each weighted by its relative
# hazard. Its error counts the events and what Cox's model leaves uncertain (a Poisson regression gives the same).
baseline_hazard <- function(patients, cox, terms, between) {
  covariates <- model.matrix(reformulate(terms), patients)[, -1]
  days <- pmax(pmin(patients$stop, between[2]) - between[1], 0)
  weight <- days * exp(drop(covariates %*% coef(cox)))
  events <- sum(patients$event == 1 & patients$stop > between[1] & patients$stop <= between[2])
  centre <- colSums(covariates * weight) / sum(weight)
  error <- sqrt(1 / events + drop(centre %*% vcov(cox) %*% centre))
  row <- estimates(c(interval = log(events / sum(weight))), error, "person-days")
  cbind(row, events = events)
}

estimates <- function(log_estimate, error, by) {
  data.frame(term = names(log_estimate), by = by, log_estimate = unname(log_estimate), error = unname(error), row.names = NULL)
}

events_behind <- function(term, data) {
  happened <- data$event == 1
  if (grepl("^grade", term)) return(sum(happened & data$grade == sub("grade", "", term)))
  if (all(data[[term]] %in% 0:1)) return(sum(happened & data[[term]] == 1))
  sum(happened)
}

recover <- function(folder) {
  registry <- read_registry(folder)
  truth <- registry$truth
  patients <- add_first_days(add_clocks(index_patients(registry), registry$follow_up), registry$events)
  causes <- names(truth$hazards)
  rows <- do.call(rbind, lapply(causes, function(cause) cbind(cause = cause, fit_cause(patients, truth, cause))))
  rows$truth <- mapply(true_value, rows$term, cause = rows$cause, MoreArgs = list(truth = truth))
  rows$estimate <- exp(rows$log_estimate)
  rows$z <- ifelse(rows$events < MIN_EVENTS, NA, (rows$log_estimate - log(rows$truth)) / rows$error)
  cbind(scenario = truth$scenario, seed = truth$seed, rows[order(rows$cause), ])
}

# ---- command line ------------------------------------------------------------------------------------------------------------

main <- function(arguments) {
  at <- match("--csv", arguments)
  folders <- if (is.na(at)) arguments else arguments[-c(at, at + 1)]
  table <- do.call(rbind, lapply(folders, recover))
  shown <- table[, c("scenario", "seed", "cause", "term", "by", "events", "estimate", "error", "truth", "z")]
  names(shown)[names(shown) == "error"] <- "se_of_log"
  if (!is.na(at)) write.csv(format(shown, digits = 6, trim = TRUE), arguments[at + 1], row.names = FALSE, quote = FALSE)
  print(format(shown, digits = 3), row.names = FALSE)
  z <- shown$z[!is.na(shown$z)]
  cat(sprintf("\n%s, survival %s: %d coefficients, mean z %.2f, standard deviation %.2f, |z| > 1.96 in %.1f %%, largest %.1f\n",
              R.version.string, packageVersion("survival"), length(z), mean(z), sd(z), 100 * mean(abs(z) > 1.96), max(abs(z))))
}

if (sys.nframe() == 0) main(commandArgs(trailingOnly = TRUE))
