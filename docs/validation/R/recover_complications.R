# Are the odds of complications in truth.json those that R's glm finds in the tables?
#
#   calcpci generate --scenario core_lab --procedures 100000 --seed 1 --out registry/
#   Rscript recover_complications.R registry/ [more folders] [--csv table.csv]
#
# One logistic regression per complication: probability by device (in procedures without calcium, modifiers at their reference), odds
# ratios of calcification and of the published modifiers. What hospital and operator multiply is an offset, taken from the truth.
# Needs a registry in which a core laboratory graded every lesion; combinations of devices are left out.

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])), "recover_hazards.R"))

COLUMN_OF_STRATEGY <- c(plain_balloon = "plain_nc", nc_balloon = "plain_nc", no_preparation = "plain_nc",
                        cutting_balloon = "cutting", rotational_atherectomy = "rotational",
                        intravascular_lithotripsy = "lithotripsy", orbital_atherectomy = "orbital", elca = "laser")
TYPES <- c(dissection_any = "dissection", dissection_severe = "dissection", perforation_any = "perforation",
           tamponade = "tamponade", slow_flow_any = "slow_flow_no_reflow", av_block = "av_block", wire_fracture = "wire_fracture",
           device_entrapment = "device_entrapment", balloon_rupture = "balloon_rupture", periprocedural_mi = "periprocedural_mi")
COLUMNS$procedures <- c("procedure_id", "patient_id", "site_id", "procedure_date", "operator_id", "complications_recorded")
COLUMNS$lesions <- c(COLUMNS$lesions, "lesion_length_mm", "reference_diameter_mm", "angulation", "cto")
COLUMNS$device_uses <- c(COLUMNS$device_uses, "sequence_no", "diameter_mm")
COLUMNS$complications <- c("procedure_id", "complication_type", "grade")
COLUMNS$patients <- c("patient_id", "sex")
COLUMNS[c("follow_up", "events")] <- NULL

procedures_with_covariates <- function(registry) {
  data <- add_lesions(registry$procedures, registry$lesions, registry$device_uses)
  lesion <- registry$lesions[match(data$leading_lesion, registry$lesions$lesion_id), ]
  burrs <- registry$device_uses[registry$device_uses$device_class == "rotational_atherectomy", ]
  burrs <- burrs[order(burrs$lesion_id, burrs$sequence_no), ]
  burr <- burrs$diameter_mm[match(data$leading_lesion, burrs$lesion_id)]
  data$column <- COLUMN_OF_STRATEGY[data$strategy]
  data$vessel <- lesion$vessel
  data$lesion_length_mm <- lesion$lesion_length_mm
  data$angulated <- ifelse(lesion$angulation == "unknown", NA, as.integer(lesion$angulation != "lt45"))
  data$cto <- flag(lesion$cto)
  data$female <- as.integer(registry$patients$sex[match(data$patient_id, registry$patients$patient_id)] == "female")
  data$burr_to_artery <- ifelse(data$column == "rotational", burr / lesion$reference_diameter_mm, 0)
  data$log_odds <- log(mapply(skill, data$site_id, data$operator_id, as.Date(data$procedure_date), MoreArgs = list(registry$truth)))
  data[data$complications_recorded == "all" & !is.na(data$column), ]
}

# What hospital and operator multiply the odds by.
skill <- function(site, operator, date, truth) {
  hospital <- truth$sites[[site]]
  begun <- is.null(hospital$effect_from) || date >= as.Date(hospital$effect_from)
  odds <- hospital$operators[[operator]]$complication_odds
  (if (begun) hospital$complication_odds else 1) * (if (is.null(odds)) 1 else odds)
}

happened <- function(name, data, complications) {
  rows <- complications$complication_type == TYPES[[name]]
  if (name == "dissection_severe") rows <- rows & complications$grade %in% c("D", "E", "F")
  as.integer(data$procedure_id %in% complications$procedure_id[rows])
}

# Steps by which each modifier of a complication lies above its reference.
add_modifiers <- function(data, truth, name) {
  for (modifier in Filter(function(m) name %in% unlist(m$complications), truth$complication_probability$modifiers)) {
    reference <- unlist(modifier$reference)[as.character(data$grade)]
    applies <- data$strategy %in% unlist(modifier$strategies)
    steps <- (data[[modifier$covariate]] - reference) / modifier$per
    data[[paste0("modifier_", modifier$covariate)]] <- ifelse(applies, steps, 0)
  }
  data
}

fit_complication <- function(data, registry, name) {
  truth <- registry$truth$complication_probability
  truth$rca_odds_ratio <- truth$vessel_factor$av_block$RCA / truth$vessel_factor$av_block$other
  data$happened <- happened(name, data, registry$complications)
  seen <- names(which(tapply(data$happened, data$column, sum) >= MIN_EVENTS))
  if (!length(seen)) return(NULL)
  data <- add_modifiers(data[data$column %in% seen, ], registry$truth, name)
  data$rca <- as.integer(data$vessel == "RCA")
  modifiers <- grep("^modifier_", names(data), value = TRUE)
  extra <- if (name == "av_block") "rca"
  device <- if (length(seen) > 1) c("0", "column") else "1"
  model <- glm(reformulate(c(device, "grade", modifiers, extra, "offset(log_odds)"), "happened"), binomial, data)
  rows <- estimates(coef(model), sqrt(diag(vcov(model))), "glm")
  rows$term <- sub("^\\(Intercept\\)$", paste0("column", seen[1]), rows$term)
  # on the scale of the table: odds without calcium
  rows$truth <- vapply(rows$term, true_odds, 0, name = name, truth = truth)
  rows$events <- vapply(rows$term, fewest_events, 0, data = data)
  rows
}

# Events that a coefficient rests on: those of its device or grade, and of the lesions without calcium it is compared with.
fewest_events <- function(term, data) {
  by_grade <- tapply(data$happened, data$grade, sum)
  if (grepl("^column", term)) return(min(sum(data$happened[paste0("column", data$column) == term]), by_grade[["none"]]))
  if (grepl("^grade", term)) return(min(by_grade[[sub("grade", "", term)]], by_grade[["none"]]))
  sum(data$happened)
}

true_odds <- function(term, name, truth) {
  severity <- unlist(truth$severity_odds)
  if (grepl("^column", term)) {
    probability <- truth$table[[name]][[match(sub("column", "", term), unlist(truth$columns))]]
    return(probability / (1 - probability) * severity[["none"]])
  }
  if (grepl("^grade", term)) return(severity[[sub("grade", "", term)]] / severity[["none"]])
  if (term == "rca") return(truth$rca_odds_ratio)
  covariate <- sub("modifier_", "", term)
  for (modifier in truth$modifiers) {
    if (name %in% unlist(modifier$complications) && modifier$covariate == covariate) return(modifier$odds_ratio)
  }
}

recover <- function(folder) {
  registry <- read_registry(folder)
  data <- procedures_with_covariates(registry)
  fits <- Filter(Negate(is.null), lapply(setNames(nm = names(TYPES)), function(name) fit_complication(data, registry, name)))
  rows <- do.call(rbind, lapply(names(fits), function(name) cbind(cause = name, fits[[name]])))
  rows$estimate <- exp(rows$log_estimate)
  rows$z <- ifelse(rows$events < MIN_EVENTS, NA, (rows$log_estimate - log(rows$truth)) / rows$error)
  cbind(scenario = registry$truth$scenario, seed = registry$truth$seed, rows)
}

if (sys.nframe() == 0) main(commandArgs(trailingOnly = TRUE))
